"""What the parts of the aggregator need to know, without knowing where it was configured (config/ is the shell's)."""

from dataclasses import dataclass
from pathlib import Path

RELEASES = "releases"  # in the state directory


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the page and the API listen. Port 0 takes a free one. `map_tiles`: the address of map tiles with `{z}`,
    `{x}` and `{y}` in it, or nothing; `map_credit`: whose they are."""

    host: str
    port: int
    map_tiles: str = ""
    map_credit: str = ""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is. `listen` is the embedded broker's own address, `host` where this program reaches it."""

    embedded: bool
    mosquitto: str
    listen: str
    host: str
    port: int
    public_host: str
    public_port: int

    @property
    def told_host(self) -> str:
        """The host that terminals are told."""
        return self.public_host or self.host

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names and addresses that the broker's certificate must hold."""
        return tuple(h for h in (self.host, self.public_host) if h)

    @property
    def told_port(self) -> int:
        return self.public_port or self.port


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Group commit: at most `commit_records` records or `commit_ms` milliseconds of waiting a transaction."""

    commit_records: int
    commit_ms: int
    workers: int = 1  # processes that share the terminals out between them
    worker: int = 0  # which of them this one is


@dataclass(frozen=True, slots=True)
class MessageSettings:
    """No `smtp_host`: everything is left in the outbox (None: in the state directory)."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_tls: bool = True
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    sender: str = ""
    outbox: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """An empty `database_url` is SQLite in `state_dir`."""

    state_dir: Path
    database_url: str
    web: WebSettings
    broker: BrokerSettings
    ingest: IngestSettings
    messages: MessageSettings = MessageSettings()

    @property
    def releases(self) -> Path:
        """The terminals' software, and the keys that say which is the newest."""
        return self.state_dir / RELEASES

    @property
    def url(self) -> str:
        return self.database_url or f"sqlite:///{self.state_dir / 'ledger.db'}"
