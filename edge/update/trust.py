"""What may be installed here: The Update Framework's client, and two signatures that must agree (docs/updates.md).

The makers' key holders sign a release (`releases/…` in the top role, several keys, none of them on a server). A
district, whose key is on its aggregator, says which release its terminals get and how many of them: it can point at a
release that the makers signed, and at no other file. TUF (theupdateframework.io, specification 1.0) sees to the rest:
versions of metadata never go back, all of one state fit together, and what is out of date counts no more.

This is the only module of the terminal that imports tuf, and nothing that stays in memory imports it.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuf.api import exceptions as tuf
from tuf.api.metadata import TargetFile  # type: ignore[attr-defined]
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from edge.update import SourceError, TrustError, UpdateError
from edge.update.journal import replace_file
from edge.update.root import MOST_ROOTS
from edge.update.source import MissingError, Source
from sync import WireError
from sync.release import MAX_RELEASE_BYTES, Release, number, offer_path, parse_release, release_path, within

_LIMITS = UpdaterConfig(
    max_root_rotations=MOST_ROOTS,
    max_delegations=8,
    root_max_length=64 * 1024,
    timestamp_max_length=8 * 1024,
    snapshot_max_length=256 * 1024,
    targets_max_length=512 * 1024,
)
_SEEN = "seen_at"
_SLACK_S = 3600


@dataclass(frozen=True, slots=True)
class Whose:
    """Who asks: the terminal's id decides its ring; the machine, and the first of these districts that offers
    something, which release it is offered."""

    terminal: str
    districts: tuple[str, ...]
    arch: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What the district rolls out; `release` None: this terminal is not in the ring yet, or there is nothing."""

    release: Release | None
    why: str


def look(source: Source, folder: Path, root: bytes, whose: Whose) -> Offer:
    """Is there news? `root` is the root this terminal was set up with; `folder` keeps what was seen of the metadata.
    Raises TrustError, SourceError, LaterError."""
    metadata, targets = folder / "metadata", folder / "targets"
    for one in (metadata, targets):
        one.mkdir(parents=True, exist_ok=True)
    _clock(folder / _SEEN)
    asked = _Fetcher(source)
    try:
        updater = Updater(
            str(metadata), "metadata/", str(targets), "targets/", fetcher=asked, config=_LIMITS, bootstrap=root
        )
        updater.refresh()
        offer = _offered(updater, whose, targets)
    except (tuf.RepositoryError, tuf.DownloadError, OSError, ValueError, KeyError, RecursionError) as error:
        raise asked.failed or _said(error) from None
    replace_file(folder / _SEEN, str(int(_now().timestamp())).encode())
    return offer


def _offered(updater: Updater, whose: Whose, folder: Path) -> Offer:
    found = ((name, updater.get_targetinfo(offer_path(name, whose.arch))) for name in whose.districts)
    district, offer = next(((name, offer) for name, offer in found if offer), ("", None))
    if offer is None:
        return Offer(None, f"nothing is offered to district {' or '.join(whose.districts)} for {whose.arch}")
    version, percent = _custom(offer)
    made = updater.get_targetinfo(release_path(version, whose.arch))
    if made is None or (made.hashes, made.length) != (offer.hashes, offer.length):
        raise TrustError(f"district {district} offers a {version} that the makers did not sign")
    if not within(whose.terminal, percent):
        return Offer(None, f"{version} is offered to {percent} % of the terminals, and this one is not among them yet")
    if made.length > MAX_RELEASE_BYTES:
        raise TrustError(f"the list of release {version} is too long")
    path = updater.find_cached_target(made) or updater.download_target(made)
    for old in folder.iterdir():
        if old != Path(path):
            old.unlink(missing_ok=True)
    try:
        release = parse_release(Path(path).read_bytes())
    except WireError as error:
        raise TrustError(str(error)) from None
    if (release.version, release.arch) != (version, whose.arch):
        raise TrustError(f"what is signed as {version} for {whose.arch} is {release.version} for {release.arch}")
    return Offer(release, f"{version} is offered")


def _custom(offer: TargetFile) -> tuple[str, int]:
    told = offer.custom if isinstance(offer.custom, dict) else {}
    version, percent = told.get("version"), told.get("percent")
    if not isinstance(version, str) or type(percent) is not int or not 0 <= percent <= 100:
        raise TrustError("the district's offer does not say what, and to how many")
    try:
        number(version)
    except WireError as error:
        raise TrustError(str(error)) from None
    return version, percent


class _Fetcher(FetcherInterface):
    """Gives TUF the bytes it asks for; it stops at its own limits."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.failed: UpdateError | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        found = self._guarded(url)
        first = next(found, b"")  # so that what is missing is said here, where TUF expects it
        return self._all(first, found)

    def _guarded(self, url: str) -> Iterator[bytes]:
        try:
            yield from self._source.read(url)
        except MissingError as error:
            raise tuf.DownloadHTTPError(str(error), 404) from None
        except UpdateError as error:
            self.failed = error
            raise tuf.DownloadError(str(error)) from None

    def _all(self, first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
        yield first
        yield from rest


_WORDS: dict[type[Exception], str] = {
    tuf.UnsignedMetadataError: "not signed as it must be",
    tuf.BadVersionNumberError: "older than what was seen before, or not of one state",
    tuf.EqualVersionNumberError: "not newer than what was seen before",
    tuf.ExpiredMetadataError: "out of date: newer releases may be held back",
    tuf.LengthOrHashMismatchError: "not the bytes that were signed",
}


def _said(error: Exception) -> UpdateError:
    """In our own words, with TUF's behind them."""
    said = " ".join(str(error).split())[:200]
    if isinstance(error, tuf.DownloadLengthMismatchError):
        return SourceError(f"more was sent than there may be: {said}")
    if isinstance(error, tuf.DownloadError):
        return SourceError(said)
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return TrustError(f"{words}: {said}")
    return TrustError(f"the metadata is not sound: {said}")


def _clock(file: Path) -> None:
    """What is out of date can only be known by a clock: one that is behind what it was refuses. Raises TrustError."""
    seen = 0
    with contextlib.suppress(OSError, ValueError):
        seen = int(file.read_text("ascii")[:20])
    if _now().timestamp() < seen - _SLACK_S:
        raise TrustError("the clock is behind what it was at the last look, so nothing can be known to be out of date")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
