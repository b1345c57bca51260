"""The server's word on its way from roster.db to the log: checked once more, recorded once (S2, S10)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.health.report import Report
from edge.health.trouble import Troubles
from edge.record.anchoring import Anchoring
from edge.record.journal import Journal
from sync.anchor import Anchor, Question, sign_answer
from sync.asker import since_boot_ms
from sync.ed25519 import PublicKey
from sync.outbox import Outbox
from sync.record import ClockSource, Event, EventCode

KEY, SERVER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
BOOT = b"boot-one-16bytes"


class Site:
    def __init__(self, folder: Path) -> None:
        self.outbox = Outbox(folder / "punches.db", "t-1", KEY)
        self.journal = Journal(self.outbox, boot=BOOT)
        self.journal.open()
        report = Report("terminal", events=False)
        self.troubles = Troubles(report)
        self.anchoring = Anchoring(self.journal, "t-1", PublicKey.of(SERVER), report, self.troubles)

    def anchor(self, ago_ms: int = 100, boot: bytes = BOOT, key: Ed25519PrivateKey = SERVER) -> Anchor:
        came_ms = since_boot_ms() - ago_ms
        question = Question(boot, came_ms - 50, b"12345678")
        return Anchor(question, came_ms, sign_answer(key, "t-1", question.tag, 1_767_238_200_000))

    def recorded(self) -> list[Event]:
        records = [record for _, record in self.outbox.records()]
        return [r for r in records if isinstance(r, Event) and r.code is EventCode.TIME_ANCHOR]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path)
    yield one
    one.outbox._db.close()


def test_an_anchor_of_this_boot_is_recorded_once(site: Site) -> None:
    """S2"""
    site.anchoring.look(None)
    assert site.recorded() == []
    anchor = site.anchor()
    for _ in range(3):
        site.anchoring.look(anchor)
    assert len(site.recorded()) == 1
    assert site.journal.now().source is ClockSource.SERVER
    site.anchoring.look(site.anchor(ago_ms=10_000))  # asked for before the one that is known
    assert len(site.recorded()) == 1
    site.anchoring.look(site.anchor(ago_ms=0))
    assert len(site.recorded()) == 2


def test_what_is_not_the_servers_is_refused(site: Site) -> None:
    """S10: sync, or who wrote its file, is not believed."""
    forged = site.anchor(key=Ed25519PrivateKey.generate())
    for _ in range(3):
        site.anchoring.look(forged)
    site.anchoring.look(replace(site.anchor(), came_ms=since_boot_ms() + 60_000))
    site.anchoring.look(site.anchor(boot=b"boot-two-16bytes"))
    assert site.recorded() == []
    assert site.journal.now().source is not ClockSource.SERVER
    site.anchoring.look(site.anchor())
    assert len(site.recorded()) == 1
