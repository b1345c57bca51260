"""A pretended machine that pushes: handshake, rows until they are answered OK, and a question for orders in between.

On the stage: `tcp` is the "host:port" of the receiver it pushes to (not where it stands); `library` a file of entries
(drivers.playing.entries). Its serial number is SIM0002, that of the stranger SIM6666.
"""

import http.client
import threading
import time
from datetime import datetime
from zoneinfo import ZoneInfo

from drivers import OptionError
from drivers.adms import codec
from drivers.entry import Stage
from drivers.playing import Orders, entries, play, variant
from drivers.stand import host_and_port

SERIAL, STRANGER = "SIM0002", "SIM6666"
VARIANTS = ("push", "aspx", "twice", "stranger")
_BATCH = 50
_HELP = "punch BADGE [STATE [HOW]] · again · noise · oplog · unplug · plug · state"
_ZONE = ZoneInfo("Asia/Kolkata")


class AdmsSim:
    """Pushes to `host`:`port` from a thread of its own until closed; tries again after `pause_s` when refused."""

    def __init__(
        self, host: str, port: int, variant: str = "push", *, pause_s: float = 0.2, timeout_s: float = 30.0
    ) -> None:
        self.serial = STRANGER if variant == "stranger" else SERIAL
        self.acknowledged = 0
        self.options: dict[str, str] = {}
        self.orders: list[str] = []
        self.last = ""  # what the receiver answered to the last push, or why there was no answer
        self._to = (host, port)
        self._variant = variant
        self._pause_s, self._timeout_s = pause_s, timeout_s
        self._rows: list[str] = []  # not acknowledged yet
        self._kept: list[str] = []  # the machine's own log
        self._odd: list[tuple[str, bytes]] = []
        self._stamp = 0
        self._plugged = True
        self._ended = threading.Event()
        self._due = threading.Event()
        self._lock = threading.Lock()
        self._played: Orders = {
            "punch": lambda badge, state="0", how="1": self.punch(badge, int(state), int(how)),
            "again": self.again,
            "noise": lambda: self.say("ATTLOG", b"\x00\xff no\tpunch\n"),
            "oplog": lambda: self.say("OPERLOG", b"OPLOG 4\t0\t2026-04-01 09:00:00\t0\t0\t0\t0\n"),
            "unplug": lambda: setattr(self, "_plugged", False),
            "plug": lambda: setattr(self, "_plugged", True),
            "state": lambda: f"{self.waiting} waiting, {self.acknowledged} acknowledged, last answer: {self.last}",
        }
        self._thread = threading.Thread(target=self._live, name="pretended machine", daemon=True)
        self._thread.start()

    @property
    def where(self) -> str:
        return f"{self._to[0]}:{self._to[1]}, to which it pushes as {self.serial}"

    @property
    def waiting(self) -> int:
        return len(self._rows)

    def punch(self, badge: str, state: int = 0, how: int = 1, when: datetime | None = None) -> None:
        moment = when or datetime.now(_ZONE)
        with self._lock:
            row = f"{badge}\t{moment:%Y-%m-%d %H:%M:%S}\t{state}\t{how}\t0\t0\t0"
            self._rows.append(row)
            self._kept.append(row)
        self._due.set()

    def again(self) -> None:
        """Forget what was acknowledged: everything is pushed once more."""
        with self._lock:
            self._rows = list(self._kept)
        self._due.set()

    def say(self, table: str, body: bytes) -> None:
        """Push these bytes, once, as rows of that table."""
        with self._lock:
            self._odd.append((table, body))
        self._due.set()

    def do(self, what: str) -> str:
        """One line of whoever plays: see `help`. Raises ProtocolError."""
        return play(what, self._played, _HELP)

    def close(self) -> None:
        self._ended.set()
        self._due.set()
        self._thread.join(self._timeout_s)

    def _live(self) -> None:
        while not self._ended.is_set():
            self._due.wait(self._pause_s)
            self._due.clear()
            if not self._plugged or self._ended.is_set():
                continue
            try:
                self._one_round()
            except (OSError, http.client.HTTPException) as error:
                self.last = f"no answer: {error}"
                self._ended.wait(self._pause_s)

    def _one_round(self) -> None:
        if not self.options:
            self._shake_hands()
        while self._odd:
            table, body = self._odd.pop(0)
            self._ask("POST", "cdata", f"&table={table}&Stamp=1", body)
        while self._rows and not self._ended.is_set():
            with self._lock:
                batch = self._rows[:_BATCH]
            self._stamp = int(time.time())
            body = "".join(row + "\n" for row in batch).encode()
            if self._variant == "twice":
                self._ask("POST", "cdata", f"&table=ATTLOG&Stamp={self._stamp}", body)
            status, text = self._ask("POST", "cdata", f"&table=ATTLOG&Stamp={self._stamp}", body)
            self.last = f"{status} {text}"
            if status != 200 or not text.startswith("OK"):
                raise http.client.HTTPException(self.last)
            with self._lock:
                self._rows = [row for row in self._rows if row not in batch]
                self.acknowledged += len(batch)
        self._obey(self._ask("GET", "getrequest", "")[1])

    def _shake_hands(self) -> None:
        status, text = self._ask("GET", "cdata", "&options=all&pushver=2.4.1&language=69")
        if status != 200:
            self.last = f"{status} {text}"
            raise http.client.HTTPException(self.last)
        self.options = dict(line.partition("=")[::2] for line in text.splitlines()[1:])

    def _obey(self, text: str) -> None:
        for line in text.splitlines():
            if line.startswith("C:"):
                _, number, command = line.split(":", 2)
                self.orders.append(command)
                code = 0 if command.startswith(("INFO", "CHECK", "LOG", "DATA QUERY")) else -1004
                self._ask("POST", "devicecmd", "", f"ID={number}&Return={code}&CMD={command.split()[0]}\n".encode())
                if command.startswith("DATA QUERY ATTLOG"):
                    self.again()

    def _ask(self, method: str, word: str, more: str, body: bytes | None = None) -> tuple[int, str]:
        tail = ".aspx/" if self._variant == "aspx" else ""
        connection = http.client.HTTPConnection(*self._to, timeout=self._timeout_s)
        try:
            connection.request(method, f"/iclock/{word}{tail}?SN={self.serial}{more}", body)
            answer = connection.getresponse()
            return answer.status, answer.read(codec.MAX_BODY).decode("utf-8", "replace")
        finally:
            connection.close()


def start(stage: Stage) -> AdmsSim:
    """Raises OptionError."""
    if stage.port or stage.pty is not None:
        raise OptionError("it pushes to a receiver on the network: --tcp host:port of the receiver")
    name = variant(stage, VARIANTS)
    rows = list(entries(stage.library)) if stage.library is not None else []
    sim = AdmsSim(*host_and_port(stage.tcp or f"127.0.0.1:{codec.PORT}"), name)
    for badge, state, how, when in rows:
        sim.punch(badge, state, how, when)
    return sim
