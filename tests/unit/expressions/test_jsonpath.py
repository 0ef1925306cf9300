"""JSONPath as Jayway speaks it (contract: Conductor, 5.3). Values marked recorded came from the real server 3.32.1."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows_app.expressions.base import ExpressionError
from workflows_app.expressions.jsonpath import MAX_LENGTH, parse
from workflows_app.expressions.jsonpath.path import Path, follow

DOCUMENT: dict[str, Any] = {
    "i": 42,
    "n": None,
    "s": "text",
    "l": [1, "two", None, {"k": [True]}],
    "m": {
        "a": {"b": [{"c": "deep"}, {"c": 2}]},
        "with space": 7,
        "x-y": 8,
        "a.b": 9,
        "1": {"z": 10},
        "unié": "ü",
        "q'x": 11,
        "dollar$": 12,
        "@at": 13,
    },
    "items": [
        {"p": 1, "n": "one", "tags": ["a", "b"]},
        {"p": 2, "n": "two", "tags": []},
        {"p": 3, "n": "three", "opt": None},
    ],
    "nums": [3, 1, 2.5, 4],
    "words": ["a", "b", "c"],
    "mixed": [1, "1", True, "x", None, 2.0],
    "limit": 1,
    "none": [],
    "nothing": {},
}
B = [{"c": "deep"}, {"c": 2}]

RECORDED = {
    # names and indexes
    "m['with space']": 7,
    'm["with space"]': 7,
    "m.x-y": 8,
    "['m']['a.b']": 9,
    "m.1.z": 10,
    "m['1'].z": 10,
    "m[1].z": None,
    "m.unié": "ü",
    "m['q\\'x']": 11,
    'm["q\'x"]': 11,
    "m.dollar$": 12,
    "m.@at": 13,
    "l[-1]": {"k": [True]},
    "l[-9]": None,
    "l[9]": None,
    "l[ 1 ]": "two",
    "l.[1]": "two",
    "l.1": None,
    "l['1']": None,
    "s[0]": None,
    "s.x": None,
    "n.x": None,
    "n": None,
    "items.n": None,
    "items[01].n": "two",
    "m.['a'].b[1].c": 2,
    "items[-1:].n": ["three"],
    # several at once
    "l[0,1]": [1, "two"],
    "l[0,9]": [1],
    "l[-2:]": [None, {"k": [True]}],
    "l[:2]": [1, "two"],
    "l[-3:-1]": ["two", None],
    "items[0,1].n": ["one", "two"],
    "items[0]['p','n']": {"p": 1, "n": "one"},
    "items[0]['p','zz']": {"p": 1},
    "items[*]['p','n']": [{"p": 1, "n": "one"}, {"p": 2, "n": "two"}, {"p": 3, "n": "three"}],
    "['i','s'].x": [],
    "m['a','1'].z": [10],
    "items.*.n": ["one", "two", "three"],
    "m.*": [{"b": B}, 7, 8, 9, {"z": 10}, "ü", 11, 12, 13],
    "s.*": [],
    "nope[*]": [],
    "nope[*].x": [],
    "items[*].nope": [],
    "none[*]": [],
    "items[*].tags[*]": ["a", "b"],
    "items[*].tags": [["a", "b"], []],
    "items[*].opt": [None],
    "items[2].opt": None,
    "items[0][*]": [1, "one", ["a", "b"]],
    # deep scan
    "$..c": ["deep", 2],
    "items..n": ["one", "two", "three"],
    "items..tags[0]": ["a"],
    "m..b[0]": [{"c": "deep"}],
    "nope..x": [],
    "items..nope": [],
    "$..['p','n']": [{"p": 1, "n": "one"}, {"p": 2, "n": "two"}, {"p": 3, "n": "three"}],
    "$..[?(@.p > 1)].n": ["two", "three"],
    "m.a..*": [B, {"c": "deep"}, {"c": 2}, "deep", 2],
    # functions
    "l.length()": 4,
    "l.size()": 4,
    "m.length()": 9,
    "s.length()": None,
    "nope.length()": None,
    "none.length()": 0,
    "nums.sum()": 10.5,
    "nums.min()": 1.0,
    "nums.max()": 4.0,
    "nums.avg()": 2.625,
    "nums.stddev()": 1.0825317547305484,
    "nums.sum(10)": 20.5,
    "nums.max($.i)": 42.0,
    "nums.first()": 3,
    "nums.last()": 4,
    "nums.index(1)": 1,
    "nums.index(-1)": 4,
    "none.first()": None,
    "none.sum()": None,
    "nothing.keys()": [],
    "items[0].keys()": ["p", "n", "tags"],
    "l.keys()": None,
    'words.concat("d")': "abcd",
    'words.concat(1, "x")': "abc1x",
    'concat($.s, "-", $.limit)': "text-1",
    "words.append(5)": ["a", "b", "c", 5],
    "items[*].length()": [3, 3, 3],
    "m..b.length()": [2],
    # filters
    "items[?(@.p > 1)].n": ["two", "three"],
    "items[?(@.p == 2)]": [{"p": 2, "n": "two", "tags": []}],
    "items[?(@.p == '2')].n": ["two"],
    "items[?(@.n == 'two' && @.p)].p": [2],
    "items[?(@.p>1&&@.p<3)].n": ["two"],
    "items[?(@.n =~ /t.*/)].n": ["two", "three"],
    "items[?(@.n =~ /^t.*$/)].n": ["two", "three"],
    "items[?(@.n =~ /T.*/i)].n": ["two", "three"],
    "items[?(@.n =~ /w/)].n": [],
    "items[?(@.p =~ /[12]/)].n": ["one", "two"],
    "items[?(@.tags =~ /a/)].p": [1],
    "items[?(@.opt =~ /.*/)].p": [1, 2, 3],
    "items[?(@.n in ['one','two'])].p": [1, 2],
    "items[?(@.p in [1,3])].n": ["one", "three"],
    "items[?(@.p IN ['1'])].n": ["one"],
    "items[?(@.n nin ['one','two'])].p": [3],
    "items[?(@.n contains 'o')].n": ["one", "two"],
    "items[?(@.tags contains 'a')].p": [1],
    "items[?(@.tags size 2)].p": [1],
    "items[?(@.tags empty true)].p": [2],
    "items[?(@.tags anyof ['a','q'])].p": [1],
    "items[?(@.tags noneof ['a'])].p": [2],
    "items[?(@.tags subsetof ['a','b','c'])].p": [1, 2],
    "items[?(@.p === 1)].p": [1],
    "items[?(@.opt)].p": [3],
    "items[?(!@.opt)].p": [1, 2],
    "items[?(@.opt == null)].p": [1, 2, 3],
    "items[?(@.opt != null)].p": [],
    "items[?(@.zz != 1)].p": [1, 2, 3],
    "items[?(@.p > $.limit)].p": [2, 3],
    "items[?(@.tags.length() > 1)].p": [1],
    "items[?(@['p'] >= 2 || @.n == \"one\")].p": [1, 2, 3],
    "items[?(!(@.p > 1))].n": ["one"],
    "items[?( @.p > 1 )]['n']": ["two", "three"],
    "items[?('one' == @.n)].n": ["one"],
    "items[?(@.n < 'p')].n": ["one"],
    "items[?(@.p > 'a')].n": [],
    "items[?(@.tags[0] == 'a')].n": ["one"],
    "items[?(1 == 1)].p": [1, 2, 3],
    "mixed[?(@ == 1)]": [1, "1"],
    "mixed[?(@ == true)]": [True],
    "mixed[?(@ == null)]": [None],
    "nums[?(@ > 2)]": [3, 2.5, 4],
    "m[?(@.x-y == 8)].a": [{"b": B}],
    "m[?(@.b)]": [],
    "nope[?(@.b)]": [],
}

# where the real server loses something: by its documentation, or by what a reader expects
SENSIBLE = {
    "l[1:-1]": ["two", None],
    "l[0:4:2]": [1, None],
    "l[:]": [1, "two", None, {"k": [True]}],
    "items[*].p.sum()": 6.0,
    "items[?(@.p > 1)].p.max()": 3.0,
    "items[?(@.p > 9)].p.sum()": None,
    "sum($.items[*].p)": 6.0,
    "length($.items)": 3,
    "items.first().n": "one",
    "items[*].n.concat()": "onetwothree",
    "s[?(@.b)]": [],
    "items[?(@.tags[*])].p": [1],
    "items[?(@.tags all ['a'])].p": [1],
    "items[?(@.p !== '1')].p": [1, 2, 3],
    'items[?(@ == {"p": 2, "n": "two", "tags": []})].p': [2],
}

MALFORMED = [
    "",
    ".a",
    "a.",
    "a..",
    "a...b",
    "a b",
    " a",
    "a[",
    "a[]",
    "a[x]",
    "a['b",
    "a['b'",
    "a['b' 'c']",
    "a['b',]",
    "a[1,]",
    "a[::0]",
    "a[?(@.b > )]",
    "a[?(@.b > 1]",
    "a[?(@.b ~ 1)]",
    "a[?(@.b and @.c)]",
    "a[?(1)]",
    "a[?(@.b =~ /x)]",
    "a[?(@.b =~ /(/)]",
    "a[?(@.b =~ /x/q)]",
    "a[?(@.b == 'x)]",
    "a[?(@.b in [1)]",
    "a.b(",
    "a.nosuch()",
    "a.sum(x)",
    "a.sum(NaN)",
    "a.sum(1e999)",
    "a..length()",
    "$a",
]


@pytest.mark.parametrize(("path", "expected"), RECORDED.items())
def test_a_path_gives_what_it_gives_on_the_real_server(path: str, expected: Any) -> None:
    found = parse(path).of(DOCUMENT)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("path", "expected"), SENSIBLE.items())
def test_a_path_gives_what_it_says_where_the_real_server_does_not(path: str, expected: Any) -> None:
    found = parse(path).of(DOCUMENT)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("path", MALFORMED)
def test_a_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(ExpressionError):
        parse(path)


def test_a_refusal_says_what_is_wrong_and_where() -> None:
    with pytest.raises(ExpressionError, match=r"there is no function nosuch\(\) \(at character 10\)"):
        parse("a.nosuch()")


def test_reading_changes_nothing() -> None:
    """The real server's ``append`` changes the workflow's input."""
    before = deepcopy(DOCUMENT)
    for path in [*RECORDED, *SENSIBLE]:
        parse(path).of(DOCUMENT)
    assert before == DOCUMENT


def test_a_path_tells_which_members_of_the_root_it_reads() -> None:
    path = parse("a.b[?(@.x == $.c.d && $['e'][0])].concat($.f, @.g)")
    assert (path.first, path.names, path.reads_all) == ("a", frozenset("acefg"), False)
    assert parse("a[?(@.x == $..y)]").reads_all
    assert parse("*").reads_all
    assert parse("sum($.a, $.b)").first is None


def test_a_plain_path_tells_its_steps() -> None:
    assert parse("$.a['b'][-1].c").steps == ("a", "b", -1, "c")
    assert parse("a[*]").steps is None


# ---- limits


def test_a_deep_path_over_a_deep_document_is_cut_off() -> None:
    document: Any = 1
    for _ in range(300):
        document = {"a": document}
    with pytest.raises(ExpressionError, match="takes more than 1,000,000 steps"):
        parse("a..*..*..*..*..x").of(document)


def test_a_document_deeper_than_the_stack_is_scanned() -> None:
    document: Any = {"x": 1}
    for _ in range(10_000):
        document = [document]
    assert parse("a..x").of({"a": document}) == [1]


@pytest.mark.parametrize(
    "path",
    [
        "a[?(" + "(" * 1900 + "@.b" + ")" * 1900 + ")]",
        "a[?(" + "!" * 4000 + "@.b)]",
        "a" + "[?(@.a" * 400 + ")]" * 400,
        "a[?(@.b in " + "[" * 1900 + "]" * 1900 + ")]",
        "a" * (MAX_LENGTH + 1),
    ],
)
def test_a_path_nested_too_deeply_or_too_long_is_refused(path: str) -> None:
    with pytest.raises(ExpressionError):
        parse(path)


# ---- properties

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("abl1'", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "l", "1"]), inner, max_size=4)
    ),
    max_leaves=15,
)
PATHS = st.lists(
    st.sampled_from(
        [
            ".a",
            ".b",
            "['l']",
            "[0]",
            "[-1]",
            "[*]",
            ".*",
            "..a",
            "[0:2]",
            "['a','b']",
            "..*",
            ".length()",
            ".sum()",
            ".first()",
            "[?(@.a)]",
            "[?(@.a > 1)]",
            "[?(@.b == @.a)]",
            "[?(@.a =~ /a.*/)]",
            "[?(@.l contains 'a')]",
            "[?(@ in [1,'a'])]",
        ]
    ),
    max_size=5,
).map(lambda segments: "$" + "".join(segments))


@given(PATHS, JSON)
def test_a_path_never_fails_on_a_document(path: str, document: Any) -> None:
    found = parse(path).of(document)
    assert found is None or isinstance(found, (bool, int, float, str, list, dict))


@given(st.lists(st.sampled_from(["a", "b", "1", 0, -1, 2]), max_size=5), JSON)
def test_following_steps_is_what_the_segments_do(steps: list[str | int], document: Any) -> None:
    path = parse("$" + "".join(f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in steps))
    assert path.steps == tuple(steps)
    assert path.of(document) == follow(document, tuple(steps))


def test_an_empty_path_is_the_document() -> None:
    assert Path(()).of({"a": 1}) == {"a": 1}
