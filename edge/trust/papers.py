"""What the server sends a terminal of its own papers over the link: charters and the next certificate (sync.charter).

    state_dir/papers/charters            all since the admission, as they came: each process checks them for itself
    state_dir/papers/transport.crt       a certificate that has worked
    state_dir/papers/transport.crt.new   one that has not yet
    state_dir/papers/ca.crt              the authorities of the newest charter

The sync process writes them; a certificate takes the place of the old one when a connection was made with it, and is
thrown away when the broker does not want it. The terminal process reads the charters alone, and believes of them what
the key in its admission leads to.
"""

import contextlib
import datetime as dt
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge import SetupError
from edge.files import put_file
from edge.trust.certificate import days_left
from sync import LinkError, SyncError
from sync.admission import Admission
from sync.cbor import array, decode, encode, octets
from sync.charter import MAX_CHARTERS, Papers, Renew, Standing, all_along, check_papers, parse_papers, renew_bytes
from sync.ed25519 import PublicKey
from sync.link import Delivery, Link, OnDelivery, OnState, Will
from sync.reasons import Reason, Why
from sync.topics import down, up
from sync.word import Word

RENEW_DAYS = 30  # before its end, that is 60 days after it was made
_ASK_S = 24 * 3600.0  # how often a terminal says which charter it holds
_AGAIN_S = 3600.0  # and asks for a certificate that did not come
_OF_THE_BROKER = (Reason.STRANGER, Reason.NOT_ADMITTED, Reason.CLOCK, Reason.FAILED)


def standing(state_dir: Path, admission: Admission) -> Standing:
    """What this terminal believes in now. Raises SetupError."""
    return stood(state_dir, admission)[-1]


def stood(state_dir: Path, admission: Admission) -> list[Standing]:
    """From the admission to now. What no key that counts has signed is as good as not there. Raises SetupError."""
    try:
        start = Standing(
            admission.charter, (bytes.fromhex(admission.server_key),), bytes.fromhex(admission.template_key)
        )
        start.word()
    except (ValueError, SyncError) as error:
        raise SetupError(f"admission: {error}") from None
    try:
        return all_along(start, _read(state_dir))
    except SyncError:
        return [start]


def word(state_dir: Path, admission: Admission) -> Word:
    """Whose word counts; where somebody else's signature is met, the charters are looked at once more."""

    def look() -> list[PublicKey]:
        return [PublicKey(key) for key in standing(state_dir, admission).servers]

    return Word(look(), look)


@dataclass(frozen=True, slots=True)
class Files:
    """What the next connection is made with; `trial`: the certificate has not worked yet."""

    certificate: Path
    ca: Path
    trial: bool


class Folder:
    """The sync process's side."""

    def __init__(self, state_dir: Path, admission: Admission, certificate: Path, ca: Path) -> None:
        """`certificate` and `ca`: those of the admission."""
        self._path = state_dir / "papers"
        self._state_dir, self._admission = state_dir, admission
        self._certificate, self._ca = certificate, ca

    @property
    def standing(self) -> Standing:
        return standing(self._state_dir, self._admission)

    def files(self) -> Files:
        new, proved, ca = (self._path / name for name in ("transport.crt.new", "transport.crt", "ca.crt"))
        of_admission = not proved.exists() or _older(proved, self._certificate)
        certificate = self._certificate if of_admission else proved
        trial = new.exists() and not _older(new, self._certificate)
        authorities = ca if ca.exists() and self.standing.authorities else self._ca
        return Files(new if trial else certificate, authorities, trial)

    def proved(self) -> None:
        """The new certificate has worked."""
        (self._path / "transport.crt.new").replace(self._path / "transport.crt")

    def failed(self) -> None:
        """The broker does not want the new certificate: the old one is still there."""
        (self._path / "transport.crt.new").unlink(missing_ok=True)

    def take(self, papers: Papers) -> bool:
        """Keep what is new; whether the next connection should be made with something else. Raises SyncError for what
        no key that counts has signed, SetupError where the disk refuses."""
        before = self.standing
        now = check_papers(before, self._admission.terminal, papers)
        if now.number > before.number:
            kept = [*_read(self._state_dir), *papers.charters][-MAX_CHARTERS:]
            pems = "".join(ssl.DER_cert_to_PEM_cert(one) for one in now.authorities)
            self._put("ca.crt", pems.encode())  # first: a charter that counts must not lack its authorities
            self._put("charters", encode(kept))
        if papers.certificate:
            self._put("transport.crt.new", ssl.DER_cert_to_PEM_cert(papers.certificate).encode())
        return bool(papers.certificate) or now.authorities != before.authorities

    def wanted(self, now: dt.datetime | None) -> Renew:
        """What to say to the server; `now` None: the time is not known, so the certificate's end says nothing."""
        file = self.files().certificate
        left = days_left(file, now) if now else None
        due = left is not None and left < RENEW_DAYS
        return Renew(self.standing.number, ssl.PEM_cert_to_DER_cert(file.read_text("ascii")) if due else b"")

    def _put(self, name: str, data: bytes) -> None:
        with contextlib.suppress(OSError):  # the file will say what is wrong
            self._path.mkdir(mode=0o750, exist_ok=True)
        put_file(self._path / name, data, 0o640)


class PapersLink:
    """A Link that keeps its own papers in order: what comes for them goes no further. See sync.link.Link."""

    def __init__(
        self, link: Link, folder: Folder, terminal: str, true_s: Callable[[], float | None], changed: Callable[[], None]
    ) -> None:
        """`true_s`: Unix time by the server's word, or None; `changed`: the next connection needs other files."""
        self._link, self._folder, self._terminal = link, folder, terminal
        self._true_s, self._changed = true_s, changed
        self._trial = folder.files().trial
        self._asked_s: float | None = None
        self.refused = 0

    def open(self, on_delivery: OnDelivery, on_state: OnState, will: Will | None = None) -> None:
        def delivered(delivery: Delivery) -> None:
            if delivery.topic == down(self._terminal, "papers"):
                self._take(delivery)
            else:
                on_delivery(delivery)

        def state(there: bool, why: Why) -> None:
            on_state(there, why)
            self._judge(why)

        self._link.open(delivered, state, will)

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self._link.publish(topic, payload, qos=qos, retain=retain)
        self._ask()

    def close(self) -> None:
        self._link.close()

    def _judge(self, why: Why) -> None:
        if self._trial and why.reason is Reason.CONNECTED:
            self._trial = False
            self._folder.proved()
        elif self._trial and why.reason in _OF_THE_BROKER:
            self._trial = False
            self._folder.failed()
            self._changed()

    def _ask(self) -> None:
        """Beside what goes out anyway, once a day; more often while a certificate is due."""
        true_s = self._true_s()
        if true_s is None or (self._asked_s is not None and 0 <= true_s - self._asked_s < _AGAIN_S):
            return
        first = self._asked_s is None or true_s - self._asked_s >= _ASK_S
        wanted = self._folder.wanted(dt.datetime.fromtimestamp(true_s, dt.UTC))
        if first or wanted.certificate:
            self._asked_s = true_s
            self._say(wanted)

    def _say(self, wanted: Renew) -> None:
        self._link.publish(up(self._terminal, "renew"), renew_bytes(wanted))

    def _take(self, delivery: Delivery) -> None:
        try:
            other = self._folder.take(parse_papers(delivery.payload))
        except (SyncError, SetupError):
            self.refused += 1
            delivery.done()
            return
        delivery.done()
        try:
            self._say(Renew(self._folder.standing.number))  # the server's to know
        except LinkError:
            self._asked_s = None
        if other:
            self._changed()


def _read(state_dir: Path) -> list[bytes]:
    """Nothing where there is none, or where it is damaged: it comes again."""
    try:
        data = (state_dir / "papers" / "charters").read_bytes()
        found = array(decode(data, what="charters"), "charters", range(MAX_CHARTERS + 1))
        return [octets(one, "charter", range(1, len(data))) for one in found]
    except (OSError, SyncError):
        return []


def _older(one: Path, other: Path) -> bool:
    """Does `one` end before `other` does? So a card that was admitted anew does not go on with former papers."""
    epoch = dt.datetime.fromtimestamp(0, dt.UTC)
    ends, others = days_left(one, epoch), days_left(other, epoch)
    return ends is None or (others is not None and ends < others)
