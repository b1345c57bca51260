"""Bounded JSON lines."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import DeviceGone, ProtocolError
from drivers.lines import MAX_LINE, LineClient, LineServer, Message, Peer, Splitter, parse


@given(st.lists(st.binary(min_size=1, max_size=30).filter(lambda b: b"\n" not in b and b.strip())), st.data())
def test_lines_come_out_whole_however_they_arrive(lines: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    splitter, out = Splitter(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        out += splitter.feed(stream[:cut])
        stream = stream[cut:]
    assert out == lines


def test_a_line_without_end_does_not_grow() -> None:
    splitter = Splitter()
    for _ in range(100):
        assert splitter.feed(b"x" * 10_000) == []
        assert len(splitter._rest) <= MAX_LINE + 1
    (line,) = splitter.feed(b"\n")
    with pytest.raises(ProtocolError, match=str(MAX_LINE)):
        parse(line)


@given(st.binary(max_size=MAX_LINE + 10))
def test_any_bytes_are_an_object_or_a_protocol_error(line: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        assert isinstance(parse(line), dict)


@pytest.mark.parametrize("line", [b"[" * 4000, b'{"a":' * 600, b"1" * 4000, b"\xff", b"null"])
def test_deep_long_or_other_json_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse(line)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[LineServer, Path, list[Peer]]]:
    peers: list[Peer] = []

    def handle(message: Message, peer: Peer) -> Message | None:
        if message.get("do") == "refuse":
            raise ProtocolError("no")
        if message.get("do") == "watch":
            peers.append(peer)
        return {"ok": True}

    server = LineServer(tmp_path / "x.sock", handle)
    server.start()
    yield server, tmp_path / "x.sock", peers
    server.close()


Server = tuple[LineServer, Path, list[Peer]]


def test_only_its_owner_may_talk_to_it(server: Server) -> None:
    assert server[1].stat().st_mode & 0o777 == 0o600


def test_each_line_gets_its_answer(server: Server) -> None:
    with LineClient(server[1]) as client:
        client.send_raw(b'{"do": "x"}\nnonsense\n\n{"do": "refuse"}\n')
        assert [client.next()["ok"] for _ in range(3)] == [True, False, False]


def test_a_listener_that_does_not_listen_is_cut_off_not_waited_for(server: Server) -> None:
    with LineClient(server[1]) as deaf:
        deaf.ask({"do": "watch"})
        (peer,) = server[2]
        for _ in range(100_000):
            if peer.gone.is_set():
                break
            peer.send({"text": "x" * 1000})
        assert peer.gone.is_set()


def test_a_path_in_use_is_not_taken_over_and_a_stale_one_is(server: Server) -> None:
    other = LineServer(server[1], lambda *_: None)
    with pytest.raises(DeviceGone, match=r"x\.sock"):
        other.start()
    with LineClient(server[1]) as client:
        assert client.ask({})["ok"]
    stale = server[1].with_name("stale.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(stale))
    listener.close()
    again = LineServer(stale, lambda *_: {"ok": True})
    again.start()
    with LineClient(stale) as client:
        assert client.ask({})["ok"]
    again.close()


def test_nobody_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(DeviceGone, match="is the terminal running"):
        LineClient(tmp_path / "none.sock")


def test_close_ends_the_clients_and_their_threads(server: Server) -> None:
    client = LineClient(server[1])
    client.ask({})
    server[0].close()
    with pytest.raises(DeviceGone):
        client.ask({})
    client.close()
    for thread in threading.enumerate():
        assert "lines-" not in thread.name or not thread.is_alive() or thread.join(5) is None
