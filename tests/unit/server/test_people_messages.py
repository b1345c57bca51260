"""One-time passwords, messages, and what sends them. Everybody is synthetic."""

import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from server import PeopleError
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import attendance_id, counter, employee, message, person
from server.ledger.tables import otp as otp_table
from server.people import messages, otp
from server.people.daily import MARK
from server.people.messages import Channel, FileSender, Message, SendError, SmtpSender, Worker, queue, send_due
from server.people.otp import MAX_FAILURES, MAX_MADE, VALID_MS, WINDOW_MS, Address, Asked, PersonCodes, Purpose
from server.people.synthetic import generate, write
from server.people.worker import PeopleWorker, senders
from server.settings import MessageSettings, ServerSettings, WebSettings
from server.trust.keys import open_keys
from server.trust.vault import Vault
from sync import SealError
from tests.unit.server.aggregator import SETTINGS, broker_settings, until
from tests.unit.server.departments import VAULT, department

NOW = 1_780_000_000_000
TO = Address("sample@example.invalid", "9000000001")
LETTER = b"%PDF-1.7 synthetic"


@pytest.fixture
def ledger(tmp_path: Path, database: str) -> Iterator[Ledger]:
    one = department(tmp_path, 0, database)
    yield one
    one.close()


def code_of(ledger: Ledger) -> str:
    """The newest one-time password, out of the message that carries it."""
    with ledger.read() as connection:
        row = connection.execute(select(message).order_by(message.c.made_ms.desc())).first()
    assert row is not None
    told: list[str] = json.loads(VAULT.open("message", row.id, row.sealed))
    return told[2][:6]


def ask(ledger: Ledger, at_ms: int = NOW) -> Asked:
    with ledger.write() as connection:
        return otp.ask(connection, VAULT, Purpose.LOGIN, "somebody", TO, at_ms)


def accept(ledger: Ledger, code: str, at_ms: int = NOW, *, spend: bool = False, subject: str = "somebody") -> bool:
    with ledger.write() as connection:
        return otp.accept(connection, VAULT, Purpose.LOGIN, subject, code, at_ms, spend=spend)


def queued(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return len(connection.execute(select(message).where(message.c.state == "queued")).all())


# ── one-time passwords ──


def test_while_one_is_valid_there_is_no_second(ledger: Ledger) -> None:
    """R1.9: the valid one stays the password, as often as it is asked for or used."""
    assert ask(ledger) is Asked.SENT
    code = code_of(ledger)
    assert ask(ledger, NOW + VALID_MS - 1) is Asked.LIVE
    assert queued(ledger) == 2
    assert accept(ledger, code)
    assert accept(ledger, code, NOW + VALID_MS - 1)
    assert not accept(ledger, code, NOW + VALID_MS)
    assert ask(ledger, NOW + VALID_MS) is Asked.SENT


def test_a_spent_one_is_none(ledger: Ledger) -> None:
    ask(ledger)
    code = code_of(ledger)
    assert accept(ledger, code, spend=True)
    assert not accept(ledger, code)


def test_too_many_guesses_end_it(ledger: Ledger) -> None:
    """R1.9."""
    ask(ledger)
    code = code_of(ledger)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert not any(accept(ledger, wrong) for _ in range(MAX_FAILURES))
    assert not accept(ledger, code)


def test_only_so_many_are_made_in_an_hour(ledger: Ledger) -> None:
    """R1.9: rate-limited, and the hour begins with the first."""
    answers = [ask(ledger, NOW + n * VALID_MS) for n in range(MAX_MADE + 1)]
    assert answers == [Asked.SENT] * MAX_MADE + [Asked.TOO_MANY]
    assert ask(ledger, NOW + WINDOW_MS) is Asked.SENT


def test_a_password_is_one_persons_and_for_one_purpose(ledger: Ledger) -> None:
    ask(ledger)
    code = code_of(ledger)
    assert not accept(ledger, code, subject="somebody else")
    with ledger.write() as connection:
        assert not otp.accept(connection, VAULT, Purpose.ORG, "somebody", code, NOW, spend=False)
        otp.forget(connection, NOW + WINDOW_MS)
        assert connection.execute(select(otp_table)).all() == []


def test_an_attendance_id_logs_in_whom_it_names_alone(ledger: Ledger) -> None:
    """R1.9, S5: shared six digits log nobody in."""
    write(ledger, VAULT, generate(1, 3))
    codes = PersonCodes(VAULT)
    with ledger.write() as connection:
        ref = connection.execute(select(person.c.ref).order_by(person.c.ref)).scalars().first()
        assert ref is not None
        other = connection.execute(select(person.c.ref).where(person.c.ref != ref)).scalars().first()
        digest = VAULT.digest("attendance id", "000123")[:16]
        mine = attendance_id.c.person == ref
        connection.execute(attendance_id.update().where(mine).values(digest=digest))
        assert codes.person(connection, "000123") == ref
        assert codes.person(connection, "000124") is None
        codes.request(connection, ref, NOW)
        codes.request(connection, bytes(8), NOW)
        sent = connection.execute(select(message)).all()
        to = [json.loads(VAULT.open("message", one.id, one.sealed))[0] for one in sent]
        told = json.loads(VAULT.open("message", sent[0].id, sent[0].sealed))
        assert codes.accept(connection, ref, told[2][:6], NOW)
        assert not codes.accept(connection, bytes(8), told[2][:6], NOW)
        connection.execute(attendance_id.update().where(attendance_id.c.person == other).values(digest=digest))
        assert codes.person(connection, "000123") is None
        assert connection.execute(select(employee.c.email).where(employee.c.person == ref)).scalar_one() in to
    assert len(sent) == 2


# ── messages ──


@dataclass
class Fickle:
    """Delivers nothing until it has failed so often."""

    fails: int
    channels: frozenset[Channel] = frozenset(Channel)
    got: list[Message] = field(default_factory=list)

    def send(self, one: Message) -> None:
        if self.fails:
            self.fails -= 1
            raise SendError("the line is busy")
        self.got.append(one)


SMS = Message(Channel.SMS, "9000000001", "", "नमस्ते")


def put(ledger: Ledger, one: Message = SMS) -> None:
    with ledger.write() as connection:
        queue(connection, VAULT, one)


def test_what_fails_is_tried_again_later_and_later(ledger: Ledger) -> None:
    put(ledger)
    fickle, waits = Fickle(2), []
    with ledger.read() as connection:
        at_ms = connection.execute(select(message.c.next_ms)).scalar_one()
    for _ in range(3):
        assert send_due(ledger, VAULT, [fickle], at_ms - 1) == 0
        send_due(ledger, VAULT, [fickle], at_ms)
        with ledger.read() as connection:
            next_ms = connection.execute(select(message.c.next_ms)).scalar_one()
        waits.append(next_ms - at_ms)
        at_ms = next_ms
    with ledger.read() as connection:
        row = connection.execute(select(message)).one()
    assert waits[:2] == [messages.FIRST_WAIT_MS, 2 * messages.FIRST_WAIT_MS]
    assert fickle.got == [SMS]
    assert (row.state, row.sealed, row.tries) == ("sent", b"", 3)


def test_what_never_goes_is_given_up_and_forgotten(ledger: Ledger) -> None:
    put(ledger)
    fickle, at_ms = Fickle(100), now_ms()
    for _ in range(messages.MAX_TRIES):
        send_due(ledger, VAULT, [fickle], at_ms)
        at_ms += messages.FIRST_WAIT_MS * 2**messages.MAX_TRIES
    with ledger.read() as connection:
        row = connection.execute(select(message)).one()
    assert (row.state, row.sealed, row.error) == ("failed", b"", "the line is busy")


def test_a_password_is_not_sent_when_it_is_over(ledger: Ledger) -> None:
    with ledger.write() as connection:
        queue(connection, VAULT, SMS, VALID_MS)
    fickle = Fickle(0)
    assert send_due(ledger, VAULT, [fickle], now_ms() + VALID_MS + 1) == 0
    assert fickle.got == []


def test_a_message_without_a_sender_waits_and_says_why(ledger: Ledger) -> None:
    put(ledger)
    assert send_due(ledger, VAULT, [Fickle(0, frozenset({Channel.EMAIL}))], now_ms()) == 0
    with ledger.read() as connection:
        assert connection.execute(select(message.c.error)).scalar_one() == "no sender for sms is set up"


def test_a_message_moved_to_another_row_does_not_open(ledger: Ledger) -> None:
    put(ledger)
    with ledger.read() as connection:
        row = connection.execute(select(message)).one()
    with pytest.raises(SealError):
        VAULT.open("message", bytes(8), row.sealed)
    assert SMS.text.encode() not in row.sealed
    assert SMS.to not in repr(SMS)


def test_a_queued_message_goes_with_its_transaction(ledger: Ledger) -> None:
    def half() -> None:
        with ledger.write() as connection:
            queue(connection, VAULT, SMS)
            raise PeopleError("and then something was wrong")

    with pytest.raises(PeopleError):
        half()
    assert queued(ledger) == 0


def test_the_file_sender_leaves_a_file_a_message(ledger: Ledger, tmp_path: Path) -> None:
    put(ledger)
    box = tmp_path / "outbox"
    worker = Worker(ledger, VAULT, [FileSender(box)])
    worker.start()
    while not (box.is_dir() and list(box.glob("*.json"))):
        threading.Event().wait(0.01)
    worker.stop()
    (file,) = box.glob("*.json")
    assert json.loads(file.read_text()) == {"channel": "sms", "to": SMS.to, "subject": "", "text": SMS.text}
    (tmp_path / "file").write_text("")
    with pytest.raises(SendError):
        FileSender(tmp_path / "file").send(SMS)


class _Mailbox(socketserver.StreamRequestHandler):
    """Just enough of RFC 5321 to take one message."""

    def handle(self) -> None:
        lines: list[bytes] = []
        self.wfile.write(b"220 sample\r\n")
        data = False
        for line in self.rfile:
            if data:
                lines.append(line)
                if line == b".\r\n":
                    data = False
                    self.wfile.write(b"250 taken\r\n")
                continue
            if line[:4].upper() == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                break
            data = line[:4].upper() == b"DATA"
            self.wfile.write(b"354 go on\r\n" if data else b"250 sample\r\n")
        self.server.got = b"".join(lines)  # type: ignore[attr-defined]


def test_the_smtp_sender_speaks_to_a_server() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), _Mailbox) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        sender = SmtpSender("127.0.0.1", server.server_address[1], "hazri@example.invalid", starttls=False)
        sender.send(Message(Channel.EMAIL, "sample@example.invalid", "नमस्ते", "text"))
        thread.join()
    assert b"To: sample@example.invalid" in server.got  # type: ignore[attr-defined]
    with pytest.raises(SendError):
        sender.send(SMS)
    with pytest.raises(SendError):
        sender.send(Message(Channel.EMAIL, "a@b.in\nBcc: c@d.in", "x", "y"))


# ── beside the aggregator ──


def test_without_a_mail_server_everything_is_left_in_the_outbox(tmp_path: Path) -> None:
    (alone,) = senders(settings(tmp_path))
    assert alone == FileSender(tmp_path / "outbox")
    told = MessageSettings("mail.example.invalid", sender="hazri@example.invalid", outbox=tmp_path / "sms")
    mail, files = senders(replace(settings(tmp_path), messages=told))
    assert isinstance(mail, SmtpSender)
    assert (mail.host, mail.port, mail.starttls, mail.channels) == (
        "mail.example.invalid",
        587,
        True,
        frozenset({Channel.EMAIL}),
    )
    assert files == FileSender(tmp_path / "sms", frozenset({Channel.SMS}))


def test_the_worker_sends_and_lets_the_day_take_effect(ledger: Ledger, tmp_path: Path) -> None:
    put(ledger)
    keys = open_keys(tmp_path, ())
    with ledger.write() as connection:
        queue(connection, Vault(keys.vault), SMS)
    both = Worker(ledger, Vault(keys.vault), senders(settings(tmp_path))), PeopleWorker(ledger, keys)
    for worker in both:
        worker.start()
    until(lambda: len(list((tmp_path / "outbox").glob("*.json"))) == 1 and day(ledger) > 0, "sent, and a day begun")
    for worker in both:
        worker.stop()
    with ledger.read() as connection:
        states = connection.execute(select(message.c.state, message.c.error).order_by(message.c.state)).all()
    assert [tuple(row) for row in states] == [("queued", "does not open with vault.key"), ("sent", "")]


def settings(folder: Path) -> ServerSettings:
    return ServerSettings(folder, "", WebSettings("127.0.0.1", 0), broker_settings(), SETTINGS)


def day(ledger: Ledger) -> int:
    with ledger.read() as connection:
        return connection.scalar(select(counter.c.value).where(counter.c.name == MARK)) or 0
