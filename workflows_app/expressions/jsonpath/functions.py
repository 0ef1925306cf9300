"""The functions of a path. Each takes the value that the path has found, and its own arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Arguments = Sequence[Any]


class NoValue(Exception):
    """There is nothing to compute from: the path as a whole gives nothing."""


@dataclass(frozen=True, slots=True)
class Function:
    """``of_list``: it makes one value out of a list, such as a sum.

    ``apply`` takes the found value (None at the beginning of a path) and the arguments. Raises NoValue.
    """

    apply: Callable[[Any, Arguments], Any]
    of_list: bool = False


def _length(value: Any, arguments: Arguments) -> int | None:
    counted = arguments[0] if arguments else value
    return len(counted) if isinstance(counted, (list, dict)) else None


def _keys(value: Any, _arguments: Arguments) -> list[str] | None:
    return list(value) if isinstance(value, dict) else None


def _append(value: Any, arguments: Arguments) -> Any:
    return [*value, *arguments] if isinstance(value, list) else value


def _concat(value: Any, arguments: Arguments) -> str:
    texts = [element for element in _elements(value) if isinstance(element, str)]
    for element in _flat(arguments):
        if isinstance(element, str) or _is_number(element):
            texts.append(str(element))
    return "".join(texts)


def _aggregate(compute: Callable[[list[float]], float]) -> Callable[[Any, Arguments], float]:
    def apply(value: Any, arguments: Arguments) -> float:
        numbers = [n for n in (*_elements(value), *_flat(arguments)) if _is_number(n)]
        if not numbers:
            raise NoValue
        try:
            result = compute([float(n) for n in numbers])
        except OverflowError as error:
            raise NoValue from error
        if not math.isfinite(result):
            raise NoValue
        return result

    return apply


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)


def _deviation(numbers: list[float]) -> float:
    mean = _mean(numbers)
    return math.sqrt(sum((number - mean) ** 2 for number in numbers) / len(numbers))


def _element(index: int | None) -> Callable[[Any, Arguments], Any]:
    """The element at ``index``, or at the index that is the first argument if it is None."""

    def apply(value: Any, arguments: Arguments) -> Any:
        wanted = index if index is not None else next((a for a in arguments if isinstance(a, int)), None)
        if wanted is None or not isinstance(value, list) or not -len(value) <= wanted < len(value):
            raise NoValue
        return value[wanted]

    return apply


def _elements(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _flat(arguments: Arguments) -> list[Any]:
    return [element for a in arguments for element in (a if isinstance(a, list) else [a])]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


FUNCTIONS = {
    "length": Function(_length),
    "size": Function(_length),
    "keys": Function(_keys),
    "append": Function(_append),
    "concat": Function(_concat, of_list=True),
    "sum": Function(_aggregate(sum), of_list=True),
    "min": Function(_aggregate(min), of_list=True),
    "max": Function(_aggregate(max), of_list=True),
    "avg": Function(_aggregate(_mean), of_list=True),
    "stddev": Function(_aggregate(_deviation), of_list=True),
    "first": Function(_element(0), of_list=True),
    "last": Function(_element(-1), of_list=True),
    "index": Function(_element(None), of_list=True),
}
