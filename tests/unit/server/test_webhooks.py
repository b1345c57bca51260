"""Webhooks to a real receiver: signed, in order, at least once, set aside and sent again; never to a machine inside."""

import hashlib
import hmac
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from server import HookError
from server.sharing import posting as webhooks_post
from server.sharing import webhooks
from server.sharing.posting import Refused
from tests.unit.server.aggregator import Aggregator, Line, Terminal


class Receiver:
    """Keeps what it is sent; answers `status`."""

    def __init__(self) -> None:
        self.status, self.got = 200, list[tuple[dict[str, str], bytes]]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(outer.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def entries(self) -> list[dict[str, Any]]:
        return [entry for _, body in self.got for entry in json.loads(body)["entries"]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    thread = threading.Thread(target=one.server.serve_forever)
    thread.start()
    yield one
    one.server.shutdown()
    thread.join()
    one.server.server_close()


class Clock:
    now = 10**12

    def __call__(self) -> int:
        return self.now


def punches(running: Aggregator, n: int) -> None:
    line = Line(running.hub, running.admit(Terminal("t-1")))
    line.terminal.punches(n)
    for first in range(1, n + 1, 100):
        line.send("batch", line.terminal.batch_bytes(first, min(n, first + 99)))
    running.wait("records", n)


def sender(running: Aggregator) -> tuple[webhooks.Sender, Clock]:
    clock = Clock()
    return webhooks.Sender(running.ledger, running.vault, clock), clock


def test_everything_comes_in_order_and_signed(running: Aggregator, receiver: Receiver) -> None:
    made = webhooks.add(running.ledger, running.vault, receiver.url, private=True, all_of_it=True)
    punches(running, 450)
    one, _ = sender(running)
    while one.look():
        pass
    assert [entry["seq"] for entry in receiver.entries()] == list(range(1, 451))
    assert len(receiver.got) == 3
    for headers, body in receiver.got:
        told = dict(part.split("=") for part in headers["hazri-signature"].split(","))
        expected = hmac.new(made.secret.encode(), f"{told['t']}.".encode() + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(expected, told["v1"])
        assert headers["hazri-delivery"].endswith(f"-{json.loads(body)['next']}")
    with running.ledger.read() as connection:
        stored = connection.exec_driver_sql("SELECT secret FROM hook").scalar_one()
    assert made.secret.encode() not in bytes(stored)


def test_a_new_hook_begins_with_what_comes(running: Aggregator, receiver: Receiver) -> None:
    punches(running, 5)
    webhooks.add(running.ledger, running.vault, receiver.url, private=True, all_of_it=False)
    one, _ = sender(running)
    assert one.look() == 0
    assert receiver.got == []


def test_what_fails_is_tried_later_and_later_then_set_aside_and_sent_again(
    running: Aggregator, receiver: Receiver
) -> None:
    made = webhooks.add(running.ledger, running.vault, receiver.url, private=True, all_of_it=True)
    punches(running, 3)
    one, clock = sender(running)
    receiver.status = 500
    pauses = []
    for tries in range(1, webhooks.MAX_TRIES + 1):
        assert one.look() == 0
        assert len(receiver.got) == tries
        with running.ledger.read() as connection:
            next_ms = connection.exec_driver_sql("SELECT next_ms FROM hook").scalar_one()
        if tries < webhooks.MAX_TRIES:
            assert one.look() == 0
            assert len(receiver.got) == tries, "not before its time"
            pauses.append(next_ms - clock.now)
            clock.now = next_ms
    assert pauses[0] <= 2000
    assert all(1000 * 2**n <= pause <= 2000 * 2**n for n, pause in enumerate(pauses[:10]))
    assert max(pauses) <= 3_600_000
    (told,) = webhooks.listed(running.ledger)
    assert told["dead_letters"] == ["answered 500"]
    receiver.status, receiver.got = 204, []
    assert one.look() == 0, "what was set aside does not stand in the way"
    assert webhooks.redrive(running.ledger, made.id.hex()) == 1
    assert one.look() == 1
    assert [entry["seq"] for entry in receiver.entries()] == [1, 2, 3]
    assert webhooks.listed(running.ledger)[0]["dead_letters"] == []
    webhooks.remove(running.ledger, made.id.hex())
    assert webhooks.listed(running.ledger)[0]["state"] == "removed"


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/", "http://[::1]:1/", "http://10.1.2.3/", "http://169.254.169.254/", "http://[::ffff:10.0.0.1]/",
     "http://0.0.0.0/", "http://100.64.0.1/", "http://224.0.0.1/", "http://2130706433/", "http://localhost:1/"],
)  # fmt: skip
def test_no_address_inside_is_reached(url: str) -> None:
    with pytest.raises(Refused, match=r"an address inside|no such name"):
        webhooks_post.post(url, io.BytesIO(b"{}"), {}, private=False)


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://", "https://me:secret@x/", "http://x" + "y" * 3000, "http://[/"]
)
def test_what_is_no_address_is_said(running: Aggregator, url: str) -> None:
    with pytest.raises(HookError):
        webhooks.add(running.ledger, running.vault, url, private=False, all_of_it=False)


@pytest.mark.parametrize("name", ["", "zz", "00" * 8])
def test_a_hook_that_is_not_there_is_said(running: Aggregator, name: str) -> None:
    with pytest.raises(HookError, match="no such webhook"):
        webhooks.remove(running.ledger, name)
