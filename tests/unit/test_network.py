import email.utils
import logging
import time
from urllib.parse import urlsplit

import pytest
from requests import Request

from complexity_atlas import network
from complexity_atlas.network import (
    NetworkError,
    asked_wait,
    get,
    origin,
    patiently,
    read_into,
    shown,
)
from fake_hub import FakeHub

FILES = {"config.json": b'{"a": 1}', "model.bin": bytes(range(256)) * 400}


@pytest.fixture
def hub():
    with FakeHub({"org/net": {"main": FILES}}) as hub:
        yield hub


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """The waits that were made, none of which takes time."""
    made = []
    monkeypatch.setattr(network, "sleep", made.append)
    return made


def content(url: str, **options) -> bytes:
    with patiently(lambda: get(url, **options)) as response:
        return response.content


def address(hub: FakeHub, name: str) -> str:
    return f"{hub.url}/org/net/resolve/main/{name}?token=secret"


def test_a_server_that_recovers_is_asked_again(hub, waits):
    hub.fault("config", status=503, times=2)
    hub.fault("config", status=500)
    assert content(address(hub, "config.json")) == FILES["config.json"]
    assert len(waits) == 3
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "7"}, {"RateLimit": '"api";r=0;t=7', "RateLimit-Policy": '"api";q=5;w=300'}],
)
def test_the_wait_is_the_one_that_the_server_asks_for(hub, waits, headers):
    hub.fault("config", status=429, headers=headers)
    assert content(address(hub, "config.json")) == FILES["config.json"]
    assert waits == [7.0]


def test_a_wait_until_a_date():
    date = email.utils.formatdate(time.time() + 90, usegmt=True)
    assert asked_wait({"Retry-After": date}) == pytest.approx(90, abs=2)
    assert asked_wait({"Retry-After": "soon"}) is None
    assert asked_wait({"RateLimit": '"api";r=3;t=9'}) is None  # requests are left


def test_patience_ends(hub, waits):
    hub.fault("config", status=503, times=99)
    with pytest.raises(NetworkError, match="answers 503"):
        content(address(hub, "config.json"))
    assert len(waits) == network.ATTEMPTS - 1
    hub.faults.clear()
    waits.clear()
    hub.fault("config", status=429, headers={"Retry-After": "86400"})
    with pytest.raises(NetworkError):
        content(address(hub, "config.json"))
    assert waits == []


def test_a_refusal_is_final_and_tells_the_headers(hub, waits):
    with pytest.raises(NetworkError) as caught:
        content(address(hub, "nothing.json"))
    assert (caught.value.status, caught.value.headers["X-Error-Code"]) == (404, "EntryNotFound")
    assert waits == []


def test_a_cut_connection_tells_what_came(hub):
    hub.fault("/cdn/", cut=1000)
    buffer = memoryview(bytearray(len(FILES["model.bin"])))
    with get(address(hub, "model.bin")) as response, pytest.raises(NetworkError) as caught:
        read_into(response, buffer)
    assert caught.value.transient
    assert caught.value.received == 1000
    assert bytes(buffer[:1000]) == FILES["model.bin"][:1000]


def test_a_redirect_can_be_left_to_the_caller(hub):
    with get(address(hub, "model.bin"), follow=False) as response:
        assert response.status_code == 302
    assert content(address(hub, "model.bin")) == FILES["model.bin"]


def test_a_credential_is_for_one_origin(hub):
    given = {"Authorization": "Bearer hf_good"}
    assert content(address(hub, "model.bin"), headers=given) == FILES["model.bin"]
    assert [(request.status, request.token) for request in hub.log] == [(302, "hf_good"), (200, "")]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x?q=secret", "http://me:secret@nowhere.invalid/x#secret"]
)
def test_no_secret_is_in_messages_or_logs(url, waits, caplog):
    with caplog.at_level(logging.INFO), pytest.raises(NetworkError) as caught:
        content(url, headers={"Authorization": "Bearer secret"})
    assert shown(url) in str(caught.value)
    assert caught.value.__suppress_context__
    assert len(caplog.records) == len(waits) > 0
    assert "secret" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Hub.Example/x", ("https", "hub.example", 443)),
        ("http://hub.example", ("http", "hub.example", 80)),
        ("https://hub.example@evil.example/", ("https", "evil.example", 443)),
        ("https://evil.example\\@hub.example/", ("https", "evil.example", 443)),
        ("https://evil.example/@hub.example/", ("https", "evil.example", 443)),
        ("https://hub.example:x/", ("", "", None)),
    ],
)
def test_an_origin_is_what_the_client_asks(url, expected):
    assert origin(url) == expected
    if expected[0]:
        assert urlsplit(Request("GET", url).prepare().url).hostname == expected[1]


def test_an_address_that_is_none_is_not_tried_again(waits):
    with pytest.raises(NetworkError, match="foo://x"):
        content("foo://x?q=1")
    assert waits == []
