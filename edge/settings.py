"""What the two processes of a terminal need to know, as plain values: the entry point fills them in from the file."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge import SetupError
from edge.session.policy import Rules

ADOPTED = "adopted.toml"


@dataclass(frozen=True, slots=True)
class Device:
    """A driver's name and its options."""

    driver: str
    options: Mapping[str, str | int]


def named(devices: Iterable[Device]) -> list[tuple[str, Device]]:
    """With the names they have in logs and between the processes: the driver's, numbered from the second on."""
    met: Counter[str] = Counter()
    found = []
    for device in devices:
        met[device.driver] += 1
        nth = met[device.driver]
        found.append((device.driver if nth == 1 else f"{device.driver}-{nth}", device))
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """What people see and hear. An empty panel, pin 0 and no folder: not fitted. Size in pixels, rotate in degrees."""

    languages: tuple[str, ...] = ("hi", "en")
    panel: str = ""
    framebuffer: Path = Path("/dev/fb0")
    size: tuple[int, int] = (480, 320)
    rotate: int = 0
    green_pin: int = 0
    red_pin: int = 0
    blue_pin: int = 0
    buzzer_pin: int = 0
    voice_dir: Path | None = None
    voice_languages: tuple[str, ...] = ("hi",)
    voice_for: str = "everybody"


def _nothing(_: str) -> None:
    """Whoever is not the terminal adopts nothing."""
    raise SetupError("only the terminal itself adopts settings")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are, and how the terminal process behaves.

    `hang_s`: a device that overruns its time by so much is closed and opened again. `selftest_min`: minutes after
    local midnight of the daily self-test; None: there is none. `acceptable` looks at settings (TOML) that the server
    wants here, and raises SetupError where this terminal could not go by them.
    """

    state_dir: Path
    runtime_dir: Path
    models_dir: Path | None
    fmr: float
    margin: float
    rules: Rules
    sensors: tuple[Device, ...]
    preview_png: Path | None = None
    preview_port: int = 0
    shown: Shown = Shown()
    face_fmr: float = 1e-4
    ageing_days: int = 180
    hang_s: float = 15.0
    selftest_min: int | None = None
    acceptable: Callable[[str], None] = _nothing

    @property
    def adopted(self) -> Path:
        """Settings that the server wants, over those of this machine's own file."""
        return self.state_dir / ADOPTED

    @property
    def named(self) -> list[tuple[str, Device]]:
        return named(self.sensors)

    @property
    def punches(self) -> Path:
        return self.state_dir / "punches.db"

    @property
    def roster(self) -> Path:
        return self.state_dir / "roster.db"

    @property
    def receipts(self) -> Path:
        """What came back by hand."""
        return self.state_dir / "receipts.in"

    @property
    def badges(self) -> Path:
        return self.state_dir / "badges.toml"

    @property
    def bridge(self) -> Path:
        return self.runtime_dir / "bridge.sock"

    @property
    def pictures(self) -> Path:
        return self.runtime_dir / "pictures.sock"

    @property
    def connection(self) -> Path:
        return self.runtime_dir / "link.json"

    @property
    def condition(self) -> Path:
        return self.runtime_dir / "terminal.health"

    @property
    def control(self) -> Path:
        return self.runtime_dir / "control.sock"


@dataclass(frozen=True, slots=True)
class Uplink:
    """How the sync process behaves; an empty broker_host and a broker_port of 0 take what the admission says."""

    broker_host: str
    broker_port: int
    batch: int
    in_flight: int
    receipt_timeout_s: float
    heartbeat_s: float
    keepalive_s: int
    retry_max_s: float
    modem_port: str = ""
    monthly_mb: int = 0
    metered_linger_s: float = 0.0
