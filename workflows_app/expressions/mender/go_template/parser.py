"""From tokens to nodes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows_app.expressions.mender.go_template.functions import FUNCTIONS
from workflows_app.expressions.mender.go_template.lexer import Malformed, Token, tokens
from workflows_app.expressions.mender.go_template.nodes import (
    Action,
    Block,
    Branch,
    Chain,
    Constant,
    Dot,
    Function,
    Inserted,
    Jump,
    Node,
    Operand,
    Pipeline,
    Text,
    Variable,
)

__all__ = ["Malformed", "parse"]

_WORDS = {"true": True, "false": False, "nil": None}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", "'": "'", '"': '"'}


def parse(text: str) -> Block:
    """Raises Malformed."""
    parser = _Parser(tokens(text))
    block, end = parser.block()
    if end is not None:
        raise Malformed(f"unexpected {{{{{end}}}}}")
    return block


class _Parser:
    def __init__(self, found: Iterator[Token]) -> None:
        self._tokens = found
        self._ahead: Token | None = None
        self._variables = ["$"]
        self._loops = 0

    # ---- tokens

    def _next(self) -> Token | None:
        token, self._ahead = self._ahead, None
        return token or next(self._tokens, None)

    def _peek(self) -> Token | None:
        if self._ahead is None:
            self._ahead = next(self._tokens, None)
        return self._ahead

    def _skip_space(self) -> Token:
        while (token := self._peek()) is not None and token.kind == "space":
            self._next()
        if token is None:
            raise Malformed("unclosed action")
        return token

    def _close(self) -> None:
        if self._skip_space().kind != "close":
            raise Malformed("unexpected token in an action")
        self._next()

    # ---- blocks

    def block(self) -> tuple[Block, str | None]:
        """Nodes up to the end of the text, or to an ``else`` or ``end``, which is given."""
        nodes: list[Node] = []
        outside = len(self._variables)
        while (token := self._next()) is not None:
            if token.kind == "text":
                if token.text:
                    nodes.append(Text(token.text))
                continue
            first = self._skip_space()
            word = first.text if first.kind == "word" else ""
            if word in ("end", "else"):
                self._next()
                if word == "end":
                    self._close()
                del self._variables[outside:]
                return Block(tuple(nodes)), word
            if word in ("if", "with", "range"):
                self._next()
                nodes.append(self._branch(word))
            elif word in ("break", "continue"):
                self._next()
                self._close()
                if not self._loops:
                    raise Malformed(f"{word} outside of a range")
                nodes.append(Jump(word))
            else:
                nodes.append(Action(self._pipeline()))
                self._close()
        return Block(tuple(nodes)), None

    def _branch(self, kind: str) -> Branch:
        outside = len(self._variables)
        pipeline = self._pipeline(most=2 if kind == "range" else 1)
        self._close()
        self._loops += kind == "range"
        body, end = self.block()
        self._loops -= kind == "range"
        otherwise = Block()
        if end == "else":
            following = self._skip_space()
            if following.kind == "word" and following.text == kind and kind in ("if", "with"):
                self._next()
                otherwise, end = Block((self._branch(kind),)), "end"
            else:
                self._close()
                otherwise, end = self.block()
        if end != "end":
            raise Malformed(f"{{{{{kind}}}}} has no {{{{end}}}}")
        del self._variables[outside:]
        return Branch(kind, pipeline, body, otherwise)

    # ---- pipelines

    def _pipeline(self, most: int = 1, closing: str = "close") -> Pipeline:
        first = self._skip_space()
        declares: list[str] = []
        assigns = False
        commands: list[tuple[Operand, ...]] = []
        if first.kind == "variable":
            self._next()
            following = self._skip_space()
            if following.text in (":=", "=") or (following.text == "," and most > 1):
                declares.append(first.text)
                if following.text == ",":
                    self._next()
                    second = self._skip_space()
                    if second.kind != "variable":
                        raise Malformed("range declares variables")
                    self._next()
                    declares.append(second.text)
                    following = self._skip_space()
                if following.text not in (":=", "="):
                    raise Malformed("expected :=")
                self._next()
                assigns = following.text == "="
            else:
                commands.append(self._command(closing, self._with_fields(self._variable(first))))
        while not commands or self._skip_space().text == "|":
            if commands:
                self._next()
            commands.append(self._command(closing))
        for name in declares:
            if assigns:
                self._variable(Token("variable", name))
            else:
                self._variables.append(name)
        return Pipeline(tuple(commands), tuple(declares), assigns)

    def _command(self, closing: str, first: Operand | None = None) -> tuple[Operand, ...]:
        operands = [] if first is None else [first]
        while True:
            token = self._skip_space()
            if token.kind == closing or token.text in ("|", ")"):
                break
            operands.append(self._operand())
        if not operands:
            raise Malformed("missing value")
        if operands[0] == Constant(None):
            raise Malformed("nil is not a command")
        return tuple(operands)

    def _operand(self) -> Operand:
        token = self._next()
        assert token is not None
        match token.kind:
            case "string":
                return Constant(token.text[1:-1] if token.text[0] == "`" else _unquoted(token.text[1:-1]))
            case "char":
                text = _unquoted(token.text[1:-1])
                if len(text) != 1:
                    raise Malformed("a character constant has one character")
                return Constant(ord(text))
            case "number":
                return Constant(_number(token.text))
            case "inserted":
                return Inserted(int(token.text[1:-1]))
            case "field":
                return self._with_fields(Chain(Dot(), (token.text[1:],)))
            case "variable":
                return self._with_fields(self._variable(token))
            case "word" if token.text in _WORDS:
                return Constant(_WORDS[token.text])
            case "word" if token.text in FUNCTIONS:
                return Function(token.text)
            case "sign" if token.text == ".":
                return Dot()
            case "sign" if token.text == "(":
                inner = self._pipeline(closing=")")
                if self._skip_space().text != ")":
                    raise Malformed("unclosed parenthesis")
                self._next()
                return self._with_fields(inner)
        raise Malformed(f"unexpected {token.text!r}")

    def _with_fields(self, operand: Operand) -> Operand:
        fields = []
        while (token := self._peek()) is not None and token.kind == "field":
            self._next()
            fields.append(token.text[1:])
        if not fields:
            return operand
        if isinstance(operand, Chain):
            return Chain(operand.of, (*operand.fields, *fields))
        return Chain(operand, tuple(fields))

    def _variable(self, token: Token) -> Variable:
        if token.text not in self._variables:
            raise Malformed(f"undefined variable {token.text!r}")
        return Variable(token.text)


def _unquoted(text: str) -> str:
    def replaced(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "xuU":
            return _character(int(code[1:], 16))
        if len(code) == 3:
            return _character(int(code, 8))
        if code not in _ESCAPES:
            raise Malformed(f"unknown escape \\{code}")
        return _ESCAPES[code]

    return _ESCAPE.sub(replaced, text)


def _character(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or code == 0:  # 0 would be taken for a mark
        raise Malformed("no such character")
    return chr(code)


def _number(text: str) -> int | float:
    try:
        if re.fullmatch(r"[+-]?0[0-7_]+", text):
            return int(text, 8)
        return int(text, 0) if re.fullmatch(r"[+-]?(0[xXbBoO][0-9a-fA-F_]+|[0-9_]{1,300})", text) else float(text)
    except ValueError:
        raise Malformed(f"bad number {text!r}") from None
