"""Requests on the wire (contracts/mender.md, section 7)."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from executions.bare_http import connections
from tests.integration.mender.conftest import Run
from tests.integration.mender.door import http, register
from tests.integration.mender.service import Service, encrypted, made_certificate

pytestmark = pytest.mark.django_db
USUAL = {"host", "user-agent", "accept-encoding"}


@pytest.mark.parametrize(
    ("method", "fields", "names"),
    [
        ("GET", {}, USUAL),
        ("", {}, USUAL),
        ("DELETE", {}, USUAL),
        ("POST", {}, USUAL | {"content-length"}),
        ("PUT", {"body": ""}, USUAL | {"content-length"}),
        ("PATCH", {"contentType": "text/plain"}, USUAL | {"content-length", "content-type"}),
        ("GET", {"body": "x"}, USUAL | {"content-length"}),
        ("DELETE", {"json": {"a": 1}}, USUAL | {"content-length"}),
        ("POST", {"formdata": {"a": "1"}}, USUAL | {"content-length"}),
        ("POST", {"headers": {"X-MEN-RequestID": "7", "Authorization": "Bearer x"}},
         USUAL | {"content-length", "x-men-requestid", "authorization"}),
        ("GET", {"headers": {"Host": "elsewhere.example", "Accept": "text/html"}}, USUAL | {"accept"}),
    ],
)  # fmt: skip
def test_exactly_these_headers_are_sent(
    service: Service, run: Run, method: str, fields: dict[str, Any], names: set[str]
) -> None:
    register(http(service.url("a"), method=method, **fields))
    assert run()["status"] == "done"
    assert service.last.names == names
    assert service.last.header("User-Agent") == "Go-http-client/1.1"
    assert service.last.header("Accept-Encoding") == "gzip"
    assert service.last.header("Host") == f"127.0.0.1:{service.port}"
    assert service.last.method == (method or "GET")


def test_two_content_types_go_out_if_both_are_given(service: Service, run: Run) -> None:
    register(http(service.url("a"), method="POST", contentType="text/plain", headers={"Content-Type": "text/html"}))
    run()
    assert [v for n, v in service.last.headers if n == "Content-Type"] == ["text/plain", "text/html"]


def test_a_header_of_the_definition_replaces_a_usual_one(service: Service, run: Run) -> None:
    register(http(service.url("a"), headers={"User-Agent": "ours", "Accept-Encoding": "identity"}))
    run()
    assert service.last.header("User-Agent") == "ours"
    assert service.last.header("Accept-Encoding") == "identity"


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"formdata": {"b": "2", "a": "1 ä"}, "json": {}, "body": "x"}, "a=1+%C3%A4&b=2"),
        ({"formdata": {}, "json": {"b": "<é>", "a": 1.0}, "body": "x"}, '{"a":1,"b":"\\u003cé\\u003e"}'),
        ({"formdata": {"${workflow.input.x}": "1", "{{.y}}": "2", "a": "3"}}, "a=3&never=2&%7B%7B.y%7D%7D=1"),
        ({"formdata": {"${workflow.input.y}": "1", "never": "2"}}, "never=1&never=2"),
        ({"json": [], "body": "x"}, "[]"),
        ({"json": {"a": "${workflow.input.}"}}, '{"a":""}'),
        ({"json": 0, "body": "x"}, "0"),
        ({"json": None, "body": "x", "payload": "y"}, "x"),
        ({"payload": "y"}, "y"),
        ({"body": "{{.x}} ${workflow.input.x}"}, "{{.y}} {{.y}}"),
    ],
)
def test_which_payload_is_sent(service: Service, run: Run, fields: dict[str, Any], body: str) -> None:
    register(http(service.url("a"), method="POST", **fields))
    found = run(x="{{.y}}", y="never")
    assert service.last.body == body
    assert service.last.header("Content-Length") == str(len(body.encode()))
    assert found["results"][0]["httpRequest"]["body"] == body


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("b c/é", "/b%20c/%C3%A9"), ("a//b/../c", "/a//b/../c"), ("a%2Fb", "/a%2Fb"), ("a?q=1&r=%20#f", "/a?q=1&r=%20"),
        ("?x", "/?x"), ("a+b", "/a+b"),
    ],
)  # fmt: skip
def test_how_an_address_is_sent(service: Service, run: Run, path: str, target: str) -> None:
    register(http(service.url(path)))
    found = run()
    assert service.last.target == target
    assert found["results"][0]["httpRequest"]["uri"] == service.url(path)


def test_a_user_in_the_address_is_sent_as_basic_authorization(service: Service, run: Run) -> None:
    register(http(f"http://ada:secret@127.0.0.1:{service.port}/a"))
    run()
    assert service.last.header("Authorization") == "Basic YWRhOnNlY3JldA=="


# ---- answers


def test_an_answer_that_is_packed_is_unpacked(service: Service, run: Run) -> None:
    register(http(service.url("gzip")))
    assert run()["results"][0]["httpResponse"]["body"] == '{"zipped": true}'


def test_an_answer_in_chunks_is_put_together(service: Service, run: Run) -> None:
    register(http(service.url("chunked")))
    assert run()["results"][0]["httpResponse"]["body"] == '{"in": "chunks"}'


def test_an_answer_that_breaks_off_is_a_failure(service: Service, run: Run) -> None:
    register(http(service.url("cut")))
    found = run()
    assert found["status"] == "failed"
    assert "httpResponse" not in found["results"][0]


def test_a_connection_on_which_an_answer_was_given_up_is_not_used_again(service: Service, run: Run) -> None:
    register(http(service.url("drip/50"), readTimeOut=1), name="slow")
    register(http(service.url("json")), name="quick")
    assert run("slow")["status"] == "failed"
    assert run("quick")["status"] == "done"


def test_an_answer_that_is_no_text_is_shown_as_far_as_it_is_one(service: Service, run: Run) -> None:
    register(http(service.url("bytes")))
    assert run()["results"][0]["httpResponse"]["body"] == "\ufffd\0\ufffd"


def test_an_answer_that_is_too_large_is_a_failure(service: Service, run: Run) -> None:
    register(http(service.url("large")))
    found = run()
    assert found["status"] == "failed"
    assert "the answer has more than" in found["results"][0]["error"]


# ---- redirects


@pytest.mark.parametrize(("code", "method", "body"), [(302, "GET", ""), (303, "GET", ""), (307, "POST", "x")])
def test_redirects_are_followed(service: Service, run: Run, code: int, method: str, body: str) -> None:
    register(http(service.url(f"redirect/{code}/0"), method="POST", body="x", headers={"Authorization": "Bearer x"}))
    found = run()
    assert found["results"][0]["httpResponse"]["statusCode"] == 200
    assert found["results"][0]["httpRequest"]["uri"] == service.url(f"redirect/{code}/0")
    assert (service.last.method, service.last.target, service.last.body) == (method, "/landed", body)
    assert service.last.header("Referer") == service.url(f"redirect/{code}/0")
    assert service.last.header("Authorization") == "Bearer x"


def test_ten_redirects_are_followed_and_no_more(service: Service, run: Run) -> None:
    register(http(service.url("redirect/302/9")), name="ten")
    register(http(service.url("redirect/302/10")), name="eleven")
    assert run("ten")["status"] == "done"
    found = run("eleven")
    assert found["status"] == "failed"
    assert found["results"][0]["error"].endswith("stopped after 10 redirects")


def test_credentials_do_not_go_to_another_host(service: Service, run: Run) -> None:
    register(
        http(service.url(f"away/{service.port}"), headers={"Cookie": "a=b", "Authorization": "Bearer x", "X-Own": "1"})
    )
    run()
    assert service.last.header("Host") == f"localhost:{service.port}"
    assert service.last.header("X-Own") == "1"
    assert not {"cookie", "authorization"} & service.last.names


def test_a_connection_is_kept_for_the_next_job(service: Service, run: Run) -> None:
    """Section 7: Go's default transport keeps connections."""
    register(http(service.url("json")))
    assert {run()["status"] for _ in range(3)} == {"done"}
    assert len({request.client for request in service.requests}) == 1


def test_a_definition_can_have_the_connection_closed(service: Service, run: Run) -> None:
    register(http(service.url("json"), headers={"Connection": "close"}))
    assert [run()["status"], run()["status"]] == ["done", "done"]
    assert len({request.client for request in service.requests}) == 2


def test_every_address_of_a_host_is_tried(service: Service, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 7: as Go's dialer does; ``localhost`` is ::1 first on many machines."""
    resolve = socket.getaddrinfo

    def two_addresses(host: Any, *more: Any, **named: Any) -> Any:
        if host != "two.example":
            return resolve(host, *more, **named)
        return [*resolve("127.0.0.2", *more, **named), *resolve("127.0.0.1", *more, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    register(http(f"http://two.example:{service.port}/a"))
    assert run()["status"] == "done"
    assert service.last.header("Host") == f"two.example:{service.port}"


# ---- TLS


def test_a_certificate_must_be_one_that_the_machine_trusts(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Section 7: default verification."""
    certificate = made_certificate(tmp_path, "localhost")
    with encrypted(certificate) as service:
        register(http(f"https://localhost:{service.port}/json"), name="by_name")
        register(http(f"https://127.0.0.1:{service.port}/json"), name="by_address")
        assert "CERTIFICATE_VERIFY_FAILED" in run("by_name")["results"][0]["error"]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert run("by_name")["results"][0]["httpResponse"]["statusCode"] == 200
        assert "127.0.0.1" in run("by_address")["results"][0]["error"]  # the name is checked, too
        assert service.lines == ["GET /json"]


# ---- what fails without an answer


@pytest.mark.parametrize("path", ["slow/3000", "drip/100"])
def test_read_time_out_is_in_seconds_and_for_the_whole_exchange(service: Service, run: Run, path: str) -> None:
    register(http(service.url(path), readTimeOut=1))
    begun = time.monotonic()
    found = run()
    assert time.monotonic() - begun < 20
    assert found["status"] == "failed"
    assert found["results"][0]["error"].endswith("no answer within 1 seconds")


@pytest.mark.parametrize(
    ("uri", "fields"),
    [
        ("nonsense", {}),
        ("ftp://127.0.0.1/a", {}),
        ("http://", {}),
        ("http://[::1", {}),
        ("http://127.0.0.1:99999/", {}),
        ("http://127.0.0.1:1/\n", {}),
        ("http://127.0.0.1:1/", {"method": "NO METHOD"}),
        ("http://127.0.0.1:1/", {"headers": {"no header": "x"}}),
        ("http://127.0.0.1:1/", {"headers": {"X": "${workflow.input.lines}"}}),
        ("http://no-such-host.invalid/", {}),
        ("http://127.0.0.1:1/", {"body": "${workflow.input.surrogate}", "method": "POST"}),
    ],
)
def test_what_cannot_be_sent_is_a_failure_with_its_reason(run: Run, uri: str, fields: dict[str, Any]) -> None:
    register(http(uri, **fields))
    found = run(lines="a\r\nX-Injected: b", surrogate="\ud800")
    assert found["status"] == "failed"
    assert found["results"][0]["success"] is False
    assert uri.strip() in found["results"][0]["error"]


def test_private_addresses_are_refused_unless_they_are_allowed(
    service: Service, run: Run, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HTTP_ALLOW_PRIVATE = False
    monkeypatch.setattr(connections, "_local", threading.local())  # no connection is open yet
    register(http(f"http://localhost:{service.port}/a"))
    found = run()
    assert "UPBEAT_HTTP_ALLOW_PRIVATE is not set" in found["results"][0]["error"]
    assert not service.requests
