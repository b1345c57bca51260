"""A terminal with everything real around it: keys, an admission, a roster, synthetic fingers, the process itself."""

import datetime
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.x509.oid import NameOID

from drivers.lines import LineClient, Message
from edge.people.gallery import card_binding
from edge.trust import provision
from matching import models
from sync.admission import Admission, Request, lookup_binding, parse, to_json
from sync.chain import sign_roster
from sync.outbox import OutboxReader
from sync.record import Punch, Record
from sync.request import check_request
from sync.roster import RosterStore
from sync.seal import lookup, seal_to
from sync.wire import CardFlag, PersonCard, RosterEntry, SealedTemplate, card_bytes

TERMINAL = "gate-1"
ROOT = Path(__file__).parents[2]


class Authority:
    """As much of an aggregator as a terminal needs to be admitted and to get a roster."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.server = Ed25519PrivateKey.generate()
        self.template = X25519PrivateKey.generate()
        self.lookup_key = os.urandom(32)
        self.certificate = self._sign(self.key.public_key(), "ca", ca=True)

    def admit(self, text: str) -> str:
        request = parse(Request, text)
        check_request(request)
        csr = x509.load_pem_x509_csr(request.csr.encode())
        public = csr.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        self.seal = X25519PublicKey.from_public_bytes(bytes.fromhex(request.seal_key))
        return to_json(
            Admission(
                terminal=request.terminal,
                certificate=_pem(self._sign(public, request.terminal)),
                ca=_pem(self.certificate),
                server_key=self.server.public_key().public_bytes_raw().hex(),
                template_key=self.template.public_key().public_bytes_raw().hex(),
                lookup_key=seal_to(self.seal, self.lookup_key, lookup_binding(request.terminal)).hex(),
                broker_host="127.0.0.1",
                broker_port=8883,
                charter=0,
            )
        )

    def entry(
        self,
        person: bytes,
        digits: str,
        templates: Sequence[SealedTemplate] = (),
        flags: CardFlag = CardFlag.NONE,
    ) -> RosterEntry:
        card = card_bytes(PersonCard(lookup(self.lookup_key, digits), f"Synthetic {person[-1]}", flags))
        sealed = seal_to(self.seal, card, card_binding(person, TERMINAL), self.template)
        return RosterEntry(person, True, sealed, tuple(templates))

    def _sign(self, public: ec.EllipticCurvePublicKey, name: str, ca: bool = False) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("ca"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )


class Glass:
    """Where the site's people lay their fingers: the virtual device, unless a test has another one pretended."""

    def __init__(self, site: "Site") -> None:
        self._site = site

    def lay(self, picture: Path) -> None:
        self._place(picture, played=False)

    def play(self, picture: Path) -> None:
        """To the last bit as it is, as no finger comes twice."""
        self._place(picture, played=True)

    def _place(self, picture: Path, *, played: bool) -> None:
        with self._site.hands() as hands:
            hands.ask({"do": "lift"})
            hands.ask({"do": "place", "picture": str(picture), "played": played})

    def lift(self) -> None:
        with self._site.hands() as hands:
            hands.ask({"do": "lift"})


class Site:
    """A state directory that is set up, and the terminal process on it."""

    def __init__(
        self,
        folder: Path,
        *,
        patience_s: int = 3,
        policy: str = "lockout_failures = 50\n",
        admit: Callable[[str], str] | None = None,
    ) -> None:
        """`admit`: who answers the request for admission, if not the site's own authority."""
        self.folder = folder
        self.state = folder / "state"
        self.authority = Authority()
        admit = admit or self.authority.admit
        provision.accept(self.state, admit(provision.make(self.state, TERMINAL)).encode())
        self.config = folder / "edge.toml"
        self.config.write_text(
            f'state_dir = "{self.state}"\nruntime_dir = "{folder}/run"\nmodels_dir = "{models.folder()}"\n'
            f'[[sensors]]\ndriver = "virtual"\noptions = {{ socket = "{folder}/run/virtual.sock" }}\n'
            f"[policy]\ndigits_timeout_s = {patience_s}\nfinger_timeout_s = {patience_s}\n{policy}"
        )
        self.roster = RosterStore(self.state / "roster.db")
        self.glass = Glass(self)
        self.process: subprocess.Popen[str] | None = None
        self.events: list[Message] = []
        self.log: list[str] = []

    def people(self, *entries: RosterEntry) -> None:
        """Replace the roster; the running terminal takes it up by itself."""
        delta = sign_roster(self.authority.server, TERMINAL, self.roster.version + 1, 0, entries)
        self.roster.apply(delta)

    def start(self, before: Callable[[], None] | None = None) -> None:
        command = [sys.executable, "-m", "edge", "terminal", "--config", str(self.config), "--events", "json"]
        self.events, self.log = [], []
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            preexec_fn=before,  # noqa: PLW1509 - only to set limits, before any thread of the child
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        out, err = self.process.stdout, self.process.stderr
        self._listen = [
            threading.Thread(target=lambda: self.events.extend(map(json.loads, out)), daemon=True),
            threading.Thread(target=lambda: self.log.extend(err), daemon=True),
        ]
        for thread in self._listen:
            thread.start()
        self.wait(lambda: any(e["event"] == "ready" for e in self.events))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(30)
        for thread, pipe in zip(self._listen, (self.process.stdout, self.process.stderr), strict=True):
            thread.join()
            assert pipe is not None
            pipe.close()
        self.process = None
        return code

    def wait(self, true: Callable[[], bool], limit_s: float = 60.0) -> None:
        until = time.monotonic() + limit_s
        while not true():
            gone = self.process is None or self.process.poll() is not None
            if gone or time.monotonic() > until:
                raise AssertionError("it did not come to pass: " + "".join(self.log[-20:]))
            time.sleep(0.02)

    def hands(self) -> LineClient:
        return LineClient(self.folder / "run" / "virtual.sock")

    def control(self) -> LineClient:
        return LineClient(self.folder / "run" / "control.sock", 30.0)

    def status(self) -> Message:
        with self.control() as control:
            return control.ask({"do": "status"})

    def readings(self) -> int:
        """How often the sensor has been lit."""
        with self.hands() as hands:
            return int(hands.ask({"do": "state"})["readings"])

    def punch(self, keys: str | Sequence[str], *pictures: Path, played: bool = False) -> Message:
        """One session: keys, then a picture each time the terminal asks for a finger; the outcome."""
        left = list(pictures)
        with self.hands() as hands, self.control() as eyes:
            eyes.ask({"do": "watch"})
            hands.ask({"do": "press", "keys": [*keys, "enter"]})
            while True:
                seen = eyes.next()
                if seen.get("event") == "outcome":
                    break
                if seen.get("state") == "place" and left:
                    (self.glass.play if played else self.glass.lay)(left.pop(0))
        self.glass.lift()
        return seen

    def enrol(self, person: bytes, finger: int, pictures: Sequence[Path], *, played: bool = False) -> Message:
        left = list(pictures)
        with self.control() as control:
            seen = control.ask({"do": "enrol", "person": person.hex(), "finger": finger})
            while "ok" not in seen:
                if seen.get("event") == "place" and left:
                    (self.glass.play if played else self.glass.lay)(left.pop(0))
                seen = control.next()
        self.glass.lift()
        return seen

    def records(self) -> list[tuple[int, Record]]:
        """What is in punches.db now, as the sync process would read it."""
        reader = OutboxReader(self.state / "punches.db")
        batch = reader.batch(1, 1000)
        reader.close()
        return list(enumerate(batch.records, batch.first_seq)) if batch else []

    def punches(self) -> dict[int, Punch]:
        return {seq: record for seq, record in self.records() if isinstance(record, Punch)}


def person(n: int) -> bytes:
    return bytes(7) + bytes([n])


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def run(*args: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    """One short command of hazri-edge."""
    command = [sys.executable, "-m", "edge", *map(str, args)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, **more)
