"""Every setting of both programs. The defaults here and in the shipped TOML files are held equal by a test.

A path counts from the folder of the file it stands in; where none may be given, "" is none.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} = {value}: expected {low} to {high}")


def _host(name: str, value: str) -> None:
    """A host name in ASCII (IDNs in their xn-- form), an address, or nothing."""
    if not re.fullmatch(r"[A-Za-z0-9._:-]*", value):
        raise ValueError(f"{name} = {value!r}: expected a host name or an address")


def _one_of(name: str, value: str | int, known: tuple[str | int, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} = {value!r}: expected one of {', '.join(map(repr, known))}")


def _languages(name: str, languages: tuple[str, ...], most: int) -> None:
    if not 1 <= len(languages) <= most or len(set(languages)) != len(languages):
        raise ValueError(f"{name}: expected 1 to {most} different languages")
    for language in languages:
        _one_of(name, language, ("hi", "en", "kn", "ur"))


def _time_of_day(name: str, value: str) -> None:
    if value and not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError(f"{name} = {value!r}: expected a time of day such as 09:45, or nothing")


_KINDS = ("in", "out", "movement_out", "movement_in", "on_duty")


@dataclass(frozen=True, slots=True)
class Sensor:
    """One device: the driver's name and that driver's own options (see drivers/README.md)."""

    driver: str
    options: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Matching:
    """When a finger counts as somebody's.

    fmr: the share of strangers whose finger may pass for one candidate's; face_fmr: the same of faces. margin: a score
    as matching.score returns it (0 to 1). ageing_days: how long after one proposal of a template for a finger the next
    may be made; 0: none is.
    """

    fmr: float = 1e-5
    face_fmr: float = 1e-4
    margin: float = 0.1
    ageing_days: int = 180

    def __post_init__(self) -> None:
        _within("fmr", self.fmr, 1e-6, 1e-2)
        _within("face_fmr", self.face_fmr, 1e-6, 1e-2)
        _within("margin", self.margin, 0, 1)
        _within("ageing_days", self.ageing_days, 0, 3650)


@dataclass(frozen=True, slots=True)
class Policy:
    """How the terminal behaves towards a person (S1, S14, S16). An empty time of day: never."""

    debounce_s: int = 60
    captures: int = 3
    digits_timeout_s: int = 15
    finger_timeout_s: int = 15
    face_timeout_s: int = 15
    supervise_timeout_s: int = 20
    technician_timeout_s: int = 60
    done_s: float = 2.0
    more_time: float = 3.0
    face_turns: int = 2
    lockout_failures: int = 5
    lockout_first_s: int = 30
    lockout_most_s: int = 900
    out_from: str = ""

    def __post_init__(self) -> None:
        _within("debounce_s", self.debounce_s, 0, 3600)
        _within("captures", self.captures, 1, 10)
        for name in ("digits_timeout_s", "finger_timeout_s", "face_timeout_s", "supervise_timeout_s"):
            _within(name, getattr(self, name), 1, 600)
        _within("technician_timeout_s", self.technician_timeout_s, 10, 3600)
        _within("done_s", self.done_s, 0.2, 60)
        _within("more_time", self.more_time, 1, 10)
        _within("face_turns", self.face_turns, 0, 5)
        _within("lockout_failures", self.lockout_failures, 1, 100)
        _within("lockout_first_s", self.lockout_first_s, 1, 3600)
        _within("lockout_most_s", self.lockout_most_s, self.lockout_first_s, 86_400)
        _time_of_day("out_from", self.out_from)


@dataclass(frozen=True, slots=True)
class Terminal:
    """The machine itself: its keys, its devices' health, and when silence is news. An empty time of day: never."""

    identify: str = "off"
    kind_keys: dict[str, str] = field(default_factory=lambda: {kind: kind for kind in _KINDS})
    menu_keys: tuple[str, ...] = ("*", "menu")
    hang_s: float = 15.0
    selftest_at: str = "03:30"
    silent_by: str = ""
    silent_people: int = 10
    silent_days: tuple[int, ...] = (1, 2, 3, 4, 5, 6)

    def __post_init__(self) -> None:
        for key, kind in self.kind_keys.items():
            if kind not in _KINDS:
                raise ValueError(f"kind_keys: {key} = {kind!r}: expected one of {', '.join(_KINDS)}")
        for key in (*self.kind_keys, *self.menu_keys):
            if not key or key in {"enter", "clear"} or key in "0123456789":
                raise ValueError(f"{key!r} is typed, or ends what is typed: it cannot have another meaning")
        twice = set(self.kind_keys) & set(self.menu_keys)
        if twice:
            raise ValueError(f"menu_keys: {min(twice)!r} is one of kind_keys too")
        _one_of("identify", self.identify, ("off", "finger", "face"))
        _within("hang_s", self.hang_s, 1, 600)
        _time_of_day("selftest_at", self.selftest_at)
        _time_of_day("silent_by", self.silent_by)
        _within("silent_people", self.silent_people, 1, 10_000)
        for day in self.silent_days:
            _within("silent_days", day, 1, 7)


@dataclass(frozen=True, slots=True)
class Sync:
    """How the terminal talks to the aggregator. An empty broker_host takes the one named in the admission."""

    broker_host: str = ""
    broker_port: int = 0
    batch: int = 50
    in_flight: int = 4
    receipt_timeout_s: float = 20.0
    heartbeat_s: float = 300.0
    keepalive_s: int = 100
    retry_max_s: float = 60.0
    modem_port: str = ""
    monthly_mb: int = 100
    metered_linger_s: float = 40.0

    def __post_init__(self) -> None:
        _host("broker_host", self.broker_host)
        _within("monthly_mb", self.monthly_mb, 0, 1_000_000)
        _within("metered_linger_s", self.metered_linger_s, 0, 3600)
        _within("broker_port", self.broker_port, 0, 65535)
        _within("batch", self.batch, 1, 1000)
        _within("in_flight", self.in_flight, 1, 16)
        _within("receipt_timeout_s", self.receipt_timeout_s, 1, 3600)
        _within("heartbeat_s", self.heartbeat_s, 1, 3600)
        _within("keepalive_s", self.keepalive_s, 5, 3600)
        _within("retry_max_s", self.retry_max_s, 0.5, 3600)


@dataclass(frozen=True, slots=True)
class Bridge:
    """The process for devices on the local network. It shows the screen on 127.0.0.1 when `preview_png` is given."""

    preview_png: Path | None = None
    preview_port: int = 8482

    def __post_init__(self) -> None:
        _within("preview_port", self.preview_port, 1, 65535)


@dataclass(frozen=True, slots=True)
class Screen:
    """What the terminal shows, and where. Width and height matter for SPI panels and the preview alone."""

    languages: tuple[str, ...] = ("hi", "en")
    panel: str = ""
    framebuffer: Path = Path("/dev/fb0")
    width: int = 480
    height: int = 320
    rotate: int = 0

    def __post_init__(self) -> None:
        _languages("languages", self.languages, most=2)
        _one_of("panel", self.panel, ("", "framebuffer", "ili9341", "ili9486", "ili9488", "st7789"))
        _within("width", self.width, 320, 4096)
        _within("height", self.height, 240, 4096)
        _one_of("rotate", self.rotate, (0, 90, 180, 270))


@dataclass(frozen=True, slots=True)
class Signals:
    """Lights and a buzzer by Broadcom pin number (0: not fitted), and spoken prompts (an empty folder: none)."""

    green_pin: int = 0
    red_pin: int = 0
    blue_pin: int = 0
    buzzer_pin: int = 0
    voice_dir: Path | None = None
    voice_languages: tuple[str, ...] = ("hi",)
    voice_for: str = "everybody"

    def __post_init__(self) -> None:
        for name in ("green_pin", "red_pin", "blue_pin", "buzzer_pin"):
            _within(name, getattr(self, name), 0, 27)
        _languages("voice_languages", self.voice_languages, most=4)
        _one_of("voice_for", self.voice_for, ("everybody", "flagged"))


@dataclass(frozen=True, slots=True)
class Update:
    """New software (docs/updates.md): from which server (empty: from sticks alone), of which district's choice (empty:
    its office's), and when nobody punches, so that services may be restarted and a metered line used."""

    root: Path = Path("/opt/hazri")
    server: str = ""
    district: str = ""
    begin: str = "22:30"
    until: str = "05:00"
    monthly_mb: int = 20
    health_s: float = 90.0

    def __post_init__(self) -> None:
        if self.server and not re.fullmatch(r"https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._/-]*)?", self.server):
            raise ValueError(f"server = {self.server!r}: expected an address such as https://hazri.example.org")
        if self.district and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", self.district):
            raise ValueError(f"district = {self.district!r}: expected at most 32 of a-z, 0-9 and '-'")
        for name in ("begin", "until"):
            if not getattr(self, name):
                raise ValueError(f"{name}: expected a time of day such as 22:30")
            _time_of_day(name, getattr(self, name))
        _within("monthly_mb", self.monthly_mb, 0, 1_000_000)
        _within("health_s", self.health_s, 15, 100)


@dataclass(frozen=True, slots=True)
class Edge:
    """edge.toml."""

    state_dir: Path = Path("/var/lib/hazri")
    runtime_dir: Path = Path("/run/hazri")
    models_dir: Path | None = None
    matching: Matching = Matching()
    policy: Policy = Policy()
    terminal: Terminal = field(default_factory=Terminal)
    sync: Sync = Sync()
    bridge: Bridge = Bridge()
    screen: Screen = Screen()
    signals: Signals = Signals()
    update: Update = Update()
    sensors: tuple[Sensor, ...] = ()


@dataclass(frozen=True, slots=True)
class Web:
    """The page and the API. Put a TLS proxy in front before you listen on more than loopback."""

    host: str = "127.0.0.1"
    port: int = 8480
    map_tiles: str = ""
    map_credit: str = ""

    def __post_init__(self) -> None:
        _host("host", self.host)
        plain = re.fullmatch(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._/{}-]*", self.map_tiles)
        if self.map_tiles and not (plain and all(f"{{{one}}}" in self.map_tiles for one in "zxy")):
            said = f"map_tiles = {self.map_tiles!r}"
            raise ValueError(f"{said}: expected an address such as https://tiles.example/{{z}}/{{x}}/{{y}}.png")
        _within("port", self.port, 0, 65535)


@dataclass(frozen=True, slots=True)
class Broker:
    """The MQTT broker. With `embedded` the server starts and supervises Mosquitto; else it connects to yours.

    `host` is where the server reaches it and `listen` where the embedded one listens; `public_host` and `public_port`
    are what terminals are told (empty or 0: the same as host and port).
    """

    embedded: bool = True
    mosquitto: str = "mosquitto"
    listen: str = "127.0.0.1"
    host: str = "127.0.0.1"
    port: int = 8883
    public_host: str = ""
    public_port: int = 0

    def __post_init__(self) -> None:
        for name in ("listen", "host", "public_host"):
            _host(name, getattr(self, name))
        _within("port", self.port, 1, 65535)
        _within("public_port", self.public_port, 0, 65535)


@dataclass(frozen=True, slots=True)
class Ingest:
    """Group commit: at most `commit_records` records or `commit_ms` of waiting a transaction, in each
    of `workers` processes, this one among them (`hazri-server worker`)."""

    commit_records: int = 4000
    commit_ms: int = 5
    workers: int = 1

    def __post_init__(self) -> None:
        _within("commit_records", self.commit_records, 1, 100_000)
        _within("commit_ms", self.commit_ms, 0, 1000)
        if self.workers not in (1, 2, 4, 8, 16):
            raise ValueError(f"workers: {self.workers}, expected 1, 2, 4, 8 or 16")


@dataclass(frozen=True, slots=True)
class Messages:
    """One-time passwords and notices. E-mail goes by SMTP where `smtp_host` is set; everything else is left as files
    in `outbox` (empty: in state_dir), which an SMS gateway's client fetches."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_tls: bool = True
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    sender: str = ""
    outbox: Path | None = None

    def __post_init__(self) -> None:
        _host("smtp_host", self.smtp_host)
        _within("smtp_port", self.smtp_port, 1, 65535)
        if self.smtp_host and "@" not in self.sender:
            raise ValueError("sender: expected the e-mail address that messages come from")


@dataclass(frozen=True, slots=True)
class Server:
    """server.toml. An empty database_url is SQLite in state_dir."""

    state_dir: Path = Path("/var/lib/hazri-server")
    database_url: str = ""
    web: Web = Web()
    broker: Broker = Broker()
    ingest: Ingest = Ingest()
    messages: Messages = Messages()
