"""A terminal that no network reaches learns by hand what was taken of what it gave away, and may forget it (S3, S9)."""

from pathlib import Path

import pytest

from edge import SetupError
from edge.record import receipts
from sync.agent import Agent, AgentSettings
from sync.chain import sign_receipt
from sync.ed25519 import PublicKey
from sync.handed import Handed, parse_receipts, receipts_bytes
from sync.link import Hub, LoopbackLink
from sync.reasons import Reason
from sync.roster import RosterStore
from tests.unit.server.aggregator import Aggregator
from tests.unit.server.test_carried import Unit, read_code


class Alone(Unit):
    """With its sync process, whose link never comes up."""

    def __init__(self, running: Aggregator, folder: Path) -> None:
        super().__init__(running, folder)
        self.kept = folder / "receipts.in"
        self.store = RosterStore(folder / "roster.db")
        self.word = PublicKey.of(running.keys.server)
        self.agent = Agent(
            AgentSettings("t-1", poll_s=0.0),
            folder / "punches.db",
            self.store,
            LoopbackLink(Hub(), ()),
            self.word,
            lambda _state: None,
            handed=Handed(self.kept, "t-1", self.store),
        )

    def turn(self) -> int:
        """What the sync process knows to be taken, after it had time to look."""
        for _ in range(3):
            self.agent.step()
        return self.agent.state.receipted

    def back(self, answer: bytes) -> list[int]:
        """The stick comes back."""
        stick = self.folder / "receipts.hazri-receipts"
        stick.write_bytes(answer)
        return [receipt.seq for receipt in receipts.run([stick], self.kept, "t-1", self.word)]


@pytest.mark.parametrize("qr", [False, True], ids=["stick", "codes"])
def test_what_was_carried_is_known_to_be_taken_and_may_be_forgotten(
    running: Aggregator, tmp_path: Path, *, qr: bool
) -> None:
    unit = Alone(running, tmp_path)
    unit.punches(40)
    assert unit.turn() == 0
    files = unit.export(qr=qr)
    if qr:
        texts = tmp_path / "codes.txt"
        texts.write_text("\n".join(read_code(picture) for picture in files))
        files = [texts]
    taken = unit.take(files)
    assert unit.back(taken.answer) == [40]
    assert unit.turn() == 40
    assert unit.agent.state.why is Reason.STARTING  # nobody heard the network
    assert unit.export(qr=qr) == []
    assert unit.outbox.prune(unit.agent.state.receipted, keep=1) == 39
    unit.punches(2)
    assert len(unit.export()) == 1


def test_an_old_stick_takes_nothing_back(running: Aggregator, tmp_path: Path) -> None:
    unit = Alone(running, tmp_path)
    unit.punches(5)
    early = unit.take(unit.export()).answer
    unit.punches(5)
    unit.back(unit.take(unit.export()).answer)
    assert unit.turn() == 10
    assert unit.back(early) == [5]
    assert unit.turn() == 10
    assert [receipt.seq for _, receipt in parse_receipts(unit.kept.read_bytes())] == [5]


def test_a_log_that_was_saved_is_carried_and_answered_too(running: Aggregator, tmp_path: Path) -> None:
    """S2: what a damaged file held is in a log of its own."""
    unit = Alone(running, tmp_path)
    unit.punches(4)
    unit.outbox._db.close()
    with (tmp_path / "punches.db").open("r+b") as file:
        file.write(bytes(100))
    unit.outbox = type(unit.outbox)(tmp_path / "punches.db", "t-1", unit.key)
    unit.punches(3)
    taken = unit.take(unit.export())
    assert taken.counts["punches"] == 7
    assert sorted(unit.back(taken.answer)) == [3, 4]
    assert unit.turn() == 3
    assert unit.export() == []


def test_what_nobody_signed_and_what_is_of_another_is_refused(running: Aggregator, tmp_path: Path) -> None:
    unit = Alone(running, tmp_path)
    unit.punches(3)
    (_, good), *_ = parse_receipts(unit.take(unit.export()).answer)
    forged = sign_receipt(unit.key, "t-1", good.log, good.seq, good.head)
    for answer, said in (
        (b"garbage", "no receipts of our aggregator"),
        (receipts_bytes([("t-1", forged)]), "no receipts of our aggregator"),
        (receipts_bytes([("t-2", good)]), "no receipt for t-1"),
        (receipts_bytes([]), "no receipt for t-1"),
    ):
        with pytest.raises(SetupError, match=said):
            unit.back(answer)
    with pytest.raises(SetupError, match="No such file"):
        receipts.run([tmp_path / "none"], unit.kept, "t-1", unit.word)
    assert not unit.kept.exists()
    unit.kept.write_bytes(b"not what the command left")
    assert unit.turn() == 0
    unit.kept.write_bytes(receipts_bytes([("t-1", forged)]))
    assert unit.turn() == 0
    assert "refused a receipt" in unit.agent.state.trouble


def test_a_card_that_was_put_back_is_seen_in_what_came_by_hand(running: Aggregator, tmp_path: Path) -> None:
    """S8: the server holds more of this log than is here; nothing may be forgotten for it."""
    unit = Alone(running, tmp_path)
    unit.punches(3)
    head = unit.outbox.head
    unit.back(receipts_bytes([("t-1", sign_receipt(running.keys.server, "t-1", unit.outbox.log, 9, head))]))
    assert unit.turn() == 0
    assert unit.agent.state.trouble.startswith("fork")


def test_a_disk_that_refuses(running: Aggregator, tmp_path: Path) -> None:
    unit = Alone(running, tmp_path)
    unit.punches(1)
    unit.kept = tmp_path / "nowhere" / "receipts.in"
    with pytest.raises(SetupError, match="nowhere"):
        unit.back(unit.take(unit.export()).answer)
