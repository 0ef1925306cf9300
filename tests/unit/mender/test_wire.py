"""Ids of jobs, times, and Go's words for what is no JSON (contracts/mender.md, sections 2.4 and 9)."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.mender.go_json import Wrong, first_value, only_value
from api.mender.go_scanner import quoted, scan
from api.mender.job_ids import execution_id, job_id, new_execution_id
from api.mender.jobs import time_text
from executions.ids import new_id

# ---- ids


def test_a_job_has_24_digits_that_begin_with_the_second() -> None:
    before = int(time.time())
    started = new_execution_id()
    assert uuid.UUID(started).version == 8
    assert uuid.UUID(started).variant == uuid.RFC_4122
    job = job_id(started)
    assert len(job) == 24
    assert before <= int(job[:8], 16) <= time.time()
    assert execution_id(job) == started


def test_ids_of_later_jobs_are_higher() -> None:
    first = new_execution_id()
    time.sleep(0.002)  # ids of one millisecond are in no order
    second = new_execution_id()
    assert (first < second, job_id(first) < job_id(second)) == (True, True)


def test_an_execution_that_was_started_elsewhere_goes_by_its_own_id() -> None:
    other = new_id()
    assert job_id(other) == other
    assert execution_id(other) == other


@given(st.integers(0, 2**32 - 1), st.integers(0, 999), st.integers(0, 2**54 - 1))
def test_every_id_has_one_execution_and_the_other_way_round(seconds: int, fraction: int, chance: int) -> None:
    job = f"{seconds:08x}{fraction << 54 | chance:016x}"
    found = execution_id(job)
    assert found is not None
    assert job_id(found) == job
    assert str(uuid.UUID(found)) == found


@pytest.mark.parametrize("text", ["", "x", "f" * 23, "F" * 24, "f" * 24, "f" * 25, "0" * 24 + "\n", "f" * 32, "é" * 24])
def test_what_is_no_id_leads_nowhere(text: str) -> None:
    assert execution_id(text) is None


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(230_000, "2026-11-20T16:57:38.23Z"), (0, "2026-11-20T16:57:38Z"), (1_999, "2026-11-20T16:57:38.001Z")],
)
def test_times_have_milliseconds_without_zeros_at_the_end(microseconds: int, text: str) -> None:
    assert time_text(datetime(2026, 11, 20, 16, 57, 38, microseconds, tzinfo=UTC)) == text


# ---- JSON


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"tru", "invalid character ' ' in literal true (expecting 'e')"),
        (b"trx", "invalid character 'x' in literal true (expecting 'u')"),
        (b"nil", "invalid character 'i' in literal null (expecting 'u')"),
        (b'"\\q"', "invalid character 'q' in string escape code"),
        (b'"\\u12g"', "invalid character 'g' in \\u hexadecimal character escape"),
        (b'"a\nb"', "invalid character '\\n' in string literal"),
        (b"-x", "invalid character 'x' in numeric literal"),
        (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
        (b"1e+", "invalid character ' ' in exponent of numeric literal"),
        (b"1ex", "invalid character 'x' in exponent of numeric literal"),
        (b"01", "invalid character '1' after top-level value"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b'{"a":1 x}', "invalid character 'x' after object key:value pair"),
        (b"'", "invalid character '\\'' looking for beginning of value"),
        (b'{"a":"b""c"}', "invalid character '\"' after object key:value pair"),
        (b"\xc3\xa9", "invalid character 'Ã' looking for beginning of value"),
        (b"\x00", "invalid character '\\x00' looking for beginning of value"),
        (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value"),
        (b"NaN", "invalid character 'N' looking for beginning of value"),
        (b"Infinity", "invalid character 'I' looking for beginning of value"),
    ],
)
def test_what_is_wrong_is_said_as_go_says_it(raw: bytes, error: str) -> None:
    with pytest.raises(Wrong) as wrong:
        only_value(raw)
    assert str(wrong.value) == error


def test_bytes_are_shown_as_go_shows_them() -> None:
    shown = [quoted(byte) for byte in (7, 9, 92, 127, 128, 173, 255)]
    assert shown == ["'\\a'", "'\\t'", "'\\\\'", "'\\x7f'", "'\\u0080'", "'\\u00ad'", "'ÿ'"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(JSON)
def test_every_json_is_read(value: object) -> None:
    raw = f" {json.dumps(value)}\n".encode()
    assert scan(raw, stream=False) is None
    assert json.dumps(only_value(raw)) == json.dumps(first_value(raw)) == json.dumps(value)


@given(st.binary(max_size=30) | st.text('{}[]":,0123456789.eE+-truefalsn \\u\n', max_size=30).map(str.encode))
def test_whatever_comes_is_read_or_told(raw: bytes) -> None:
    """The scanner and the reader agree on what is wrong."""
    found = ""
    try:
        only_value(raw)
    except Wrong as wrong:
        found = str(wrong)
    assert (scan(raw, stream=False) or "") == found or "unmarshal" in found
