"""Somebody of another office is fetched over an emulated line of the second generation, with all else real (S3, S6)."""

import sys
import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import update

from server.bench import link
from server.bench.stage import Stage
from server.bench.wire import register_people
from server.ledger.tables import terminal
from server.people.register import Registration, register
from server.trust.vault import Vault
from sync import seal
from sync.budget import Thrift
from sync.fetch import Wanted, binding
from sync.gprs import POOR_2G
from tests.flow.test_orders import enrol, offices, place

DIGITS = "910000"
REST_S = 4.0


def guest(stage: Stage) -> bytes:
    """A synthetic person with two fingers, who belongs to the office beside the terminal's."""
    running = cast(Any, SimpleNamespace(ledger=stage.ledger, keys=stage.keys))
    at = offices(running, ["/s/", "/s/a/", "/s/b/"])
    with stage.ledger.write() as connection:
        connection.execute(update(terminal).values(office=at["/s/a/"]))
    (ref,) = register(stage.ledger, Vault(stage.keys.vault), [Registration("Synthetic Guest", DIGITS)])
    place(running, ref, at["/s/b/"])
    for finger in (1, 2):
        enrol(running, ref, 420, finger)
    return ref


def test_a_guest_stands_here_for_little_on_a_poor_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question, the verdict and the person, both ways, with every header of IP, TCP and TLS."""
    stages: list[Stage] = []
    registered = register_people

    def watched(stage: Stage) -> list[bytes]:
        stages.append(stage)
        return registered(stage)

    monkeypatch.setattr(link, "register_people", watched)
    with link._lines(1) as (one,):
        (stage,), site, name = stages, one.site, one.site.settings.terminal
        ref = guest(stage)
        store = site.agent._store
        rest(one)
        site.wait(lambda: not store.has(ref))  # until placed, they belonged here: a slow machine may have sent them
        site.agent._thrift = lambda: Thrift(metered=True)
        site.agent.beat(qos=1)  # says so
        rest(one)
        assert not store.has(ref)
        one.line.weather = POOR_2G
        rest(one)
        before, began = one.line.traffic(), time.monotonic()
        sealed = seal.seal_to(stage.keys.template.public_key(), DIGITS.encode(), binding(name, 1))
        site.outbox.want(Wanted(1, sealed))
        site.wait(lambda: store.has(ref))
        took_s, after = time.monotonic() - began, one.line.traffic()
    crossed = after.up_bytes - before.up_bytes + after.down_bytes - before.down_bytes
    with capsys.disabled():
        sys.stdout.write(f"\na guest in {took_s:.1f} s and {crossed:,} bytes of IP on a poor 2G line: ")
    assert took_s >= POOR_2G.rtt_s  # or it was no such line
    assert crossed < 6144  # the person alone is under two kilobytes: tests/flow/test_orders.py


def rest(one: link.Return) -> None:
    until = time.monotonic() + REST_S
    while time.monotonic() < until:
        one.site.agent.step()
