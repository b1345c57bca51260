"""Two web processes on one port beside `run`: whoever logs in at one is logged in at the other, and what one counts the
other counts on (R1.9, R1.10); on both databases."""

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from server import leash
from server.access import sessions
from server.access.attempts import A_NAME
from server.access.roles import Role
from server.access.sessions import Strength
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import account, account_grant, account_session
from tests.databases import DATABASES, fresh_url
from tests.unit.server.aggregator import WAIT_S, free_port, punch, until
from tests.unit.server.process import ROOT, Server, Unit


class Site:
    """`run` and two web workers, each also at a port of its own, so that a test can say which it asks."""

    def __init__(self, folder: Path, database: str) -> None:
        self.server = Server(folder)
        url = fresh_url(database)
        if url:
            text = self.server.config.read_text(encoding="utf-8")
            self.server.config.write_text(f'database_url = "{url}"\n' + text, encoding="utf-8")
        self.url = url or f"sqlite:///{self.server.ledger}"
        self.workers: list[subprocess.Popen[bytes]] = []

    def worker(self, port: int) -> str:
        command = [sys.executable, "-m", "server", "web", "--port", str(port), "--config", str(self.server.config)]
        with (self.server.folder / "web.log").open("ab") as log:
            leashed = [sys.executable, leash.__file__, str(os.getpid()), "-", *command]
            child = subprocess.Popen(leashed, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
        self.workers.append(child)
        assert child.stdout
        assert select.select([child.stdout], [], [], 2 * WAIT_S)[0], self.log()
        found = re.fullmatch(r"ready web=(\S+)\n", child.stdout.readline().decode())
        assert found, self.log()
        return found[1]

    def log(self) -> str:
        return (self.server.folder / "web.log").read_text(encoding="utf-8")

    def end(self, number: signal.Signals = signal.SIGTERM) -> list[int]:
        codes = []
        for child in self.workers:
            child.send_signal(number)
            codes.append(child.wait(WAIT_S))
            if child.stdout:
                child.stdout.close()
        self.workers = []
        return codes


@pytest.fixture(params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path, request.param)
    try:
        one.server.start()
        yield one
    finally:
        one.end()
        one.server.stop()


def an_admin(ledger: Ledger) -> bytes:
    """A synthetic state admin, as if it had been given: a role of custody, of which one session is open at a time."""
    id_, now = os.urandom(8), now_ms()
    row = {"id": id_, "login": "synthetic-admin", "name": "Synthetic Admin", "org": "", "path": "", "made_ms": now}
    more = {"person": None, "designation": "", "mobile": None, "password": None, "totp": None, "totp_step": 0}
    given = {"id": os.urandom(8), "account": id_, "role": Role.STATE_ADMIN, "org": "", "path": "", "from_ms": now - 1}
    why = {"given_by": "test", "reason": "test", "exception": "test", "ended_by": "", "ended_reason": ""}
    with ledger.write() as connection:
        connection.execute(insert(account).values(**row, **more, state="active"))
        connection.execute(insert(account_grant).values(**given, **why, to_ms=None))
    return id_


def open_session(ledger: Ledger, who: bytes) -> str:
    with ledger.write() as connection:
        return sessions.open_(connection, who, Strength.FULL, bytes(8), "test", now_ms())


def test_any_worker_answers_for_all(site: Site) -> None:
    one, other = (site.worker(free_port()) for _ in range(2))
    ledger = Ledger(site.url)
    who = an_admin(ledger)
    first = open_session(ledger, who)

    def at(address: str, cookie: str) -> httpx.Client:
        return httpx.Client(base_url=address, cookies={"hazri": cookie}, timeout=30)

    with at(one, first) as here, at(other, first) as there:
        shown = here.get("/account")
        assert shown.status_code == 200
        assert there.get("/account").status_code == 200

        # A form that one made is taken by the other; one without its session's mark by neither (CSRF).
        mark = re.search(r'name="_form" value="([^"]+)"', shown.text)
        assert mark
        origin = {"origin": other}
        forged = there.post("/account/sessions/end", data={"_form": "x", "which": "others"}, headers=origin)
        assert forged.status_code == 403
        taken = there.post("/account/sessions/end", data={"_form": mark[1], "which": "others"}, headers=origin)
        assert taken.status_code == 303

        # One session of a role of custody: a new one ends the first at both.
        second = open_session(ledger, who)
        assert {here.get("/account").status_code, there.get("/account").status_code} <= {303, 401}
    with at(one, second) as here, at(other, second) as there:
        assert here.get("/account").status_code == 200
        left = there.post("/leave", headers=origin)
        assert left.status_code == 303
        assert here.get("/account").status_code in (303, 401), "who left at one has left at the other"
    with ledger.read() as connection:
        assert not connection.execute(account_session.select()).all()
    ledger.close()


def test_failures_are_counted_together(site: Site) -> None:
    """Ten an hour for a name, wherever they are made."""
    one, other = (site.worker(free_port()) for _ in range(2))
    answers = []
    for n in range(A_NAME + 2):
        address = (one, other)[n % 2]
        told = {"name": "nobody", "password": f"wrong {n}", "code": "000000"}
        answers.append(httpx.post(f"{address}/login", data=told, headers={"origin": address}, timeout=30).status_code)
    assert 429 not in answers[:A_NAME]
    assert answers[A_NAME:] == [429, 429]


def test_what_run_stores_a_worker_shows_live_and_one_may_die(site: Site) -> None:
    """Two on one port: when one is killed the other goes on, and its stream tells a punch within a second or so."""
    port = free_port()
    address = site.worker(port)
    assert site.worker(port) == address
    token = site.server.token("dashboard")
    unit = Unit(site.server, "t-1").start()
    (person,) = site.server.people(1)
    try:
        site.workers[0].send_signal(signal.SIGKILL)
        site.workers[0].wait(WAIT_S)
        with httpx.Client(base_url=address, timeout=30) as client:
            assert client.post("/enter", data={"token": token}, headers={"origin": address}).status_code == 303
            with client.stream("GET", "/live") as live:
                lines = live.iter_lines()
                assert next(lines).startswith("retry:")
                unit.append(punch(person, 1))
                until(lambda: unit.agent.state.receipted == 1, "receipted")
                assert any(line == "event: punches" for line in lines), "the stream ended"
    finally:
        unit.stop()
    with contextlib.suppress(IndexError):
        assert site.end()[1] == 0
    assert "Traceback" not in site.log()
