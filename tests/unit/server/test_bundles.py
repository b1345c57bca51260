"""Bundles handed in by anybody over the web, and the receipts that go back by the same hand (S9)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from server.carried import Hatch
from server.web.app import create_app
from server.web.bundles import MAX_BYTES, PATH
from server.web.services import Services
from sync import WireError
from sync.chain import verify_receipt
from sync.ed25519 import PublicKey
from sync.handed import parse_receipts, receipts_bytes
from tests.unit.server.aggregator import Aggregator
from tests.unit.server.test_carried import Unit, intake


def app(running: Aggregator) -> FastAPI:
    hatch = Hatch(running.ledger, intake(running), running.keys.template)
    return create_app(Services(running.ledger, running.feed, list, bytes(32), hatch=hatch))


def ask(one: FastAPI, do: Callable[[httpx.AsyncClient], object]) -> httpx.Response:
    async def work() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(one), base_url="http://hazri") as client:
            return await do(client)  # type: ignore[misc, no-any-return]

    return asyncio.run(work())


def test_a_bundle_is_taken_once_and_answered_each_time(running: Aggregator, tmp_path: Path) -> None:
    unit = Unit(running, tmp_path)
    unit.punches(7)
    (file,) = unit.export()
    web = app(running)
    for _ in range(2):
        answer = ask(web, lambda client: client.post(PATH, content=file.read_bytes()))
        assert answer.status_code == 200, answer.text
        ((terminal, receipt),) = parse_receipts(answer.content)
        assert (terminal, receipt.seq) == ("t-1", unit.outbox.seq)
        verify_receipt(PublicKey.of(running.keys.server), "t-1", receipt)
    assert running.sql("SELECT count(*) FROM record") == [(unit.outbox.seq,)]


def test_the_page_hands_in_several_files_and_codes(running: Aggregator, tmp_path: Path) -> None:
    unit = Unit(running, tmp_path)
    unit.punches(3)
    files = [("files", (file.name, file.read_bytes())) for file in unit.export()]
    web = app(running)
    page = ask(web, lambda client: client.get("/carried?lang=hi"))
    assert 'enctype="multipart/form-data"' in page.text
    assert "हाथ से लाई गई" in page.text
    assert ask(web, lambda client: client.post(PATH, files=files)).status_code == 200
    assert running.sql("SELECT count(*) FROM record") == [(unit.outbox.seq,)]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 422), (b"garbage", 422), (b"HAZRI:!!", 422), (b"x" * (MAX_BYTES + 1), 413)],
    ids=["nothing", "garbage", "no code", "too large"],
)
def test_anything_else_is_refused(running: Aggregator, content: bytes, status: int) -> None:
    assert ask(app(running), lambda client: client.post(PATH, content=content)).status_code == status
    assert running.sql("SELECT count(*) FROM record") == [(0,)]


def test_receipts_are_read_as_they_were_written() -> None:
    assert parse_receipts(receipts_bytes([])) == []
    with pytest.raises(WireError):
        parse_receipts(b"garbage")
