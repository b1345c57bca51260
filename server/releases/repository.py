"""The signed roles of The Update Framework (specification 1.0), as files.

    root        several holders' keys, most of them needed   who may sign what
    targets     several holders' keys, most of them needed   the releases there are, and which districts there are
    DISTRICT    one key a district, on this server           which release the district's terminals get, and how many
    snapshot    on this server                               that all of these are of one state
    timestamp   on this server                               that this is the newest one

Whoever steals this server with its keys can hold a release back, or offer one that the holders signed and that is newer
than what a terminal has. They cannot make one.
"""

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (  # type: ignore[attr-defined]
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from server import ReleaseError
from server.releases import keys
from server.releases.files import METADATA, write
from sync import WireError
from sync.release import Release, district, number, offer_path, release_bytes, release_path

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = "root", "targets", "snapshot", "timestamp"
DAYS = {ROOT: 730, TARGETS: 365, SNAPSHOT: 30, TIMESTAMP: 7}
DISTRICT_DAYS = 30
_COMPACT = JSONSerializer(compact=True)
_MAX_BYTES = 4 * 1024 * 1024


class Repository:
    """`folder`: see server.releases. Each method raises ReleaseError, and then nothing that terminals read changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.targets_dir = folder / "public" / "targets"
        self._metadata = folder / METADATA
        self._staged = folder / "staged"
        self._online = folder / "online"

    # ── beginning ──

    def init(
        self, holders: Path, districts: Iterable[str], *, count: int, threshold: int, passphrase: bytes | None
    ) -> Path:
        """Make all keys, and an empty repository; returns the root that terminals are given. `count` holders each get
        two files in the folder `holders`, to be taken away from this machine."""
        if self._metadata.exists():
            raise ReleaseError(f"{self.folder}: there is a repository already")
        if not 1 <= threshold <= count <= 20:
            raise ReleaseError(f"threshold {threshold} of {count} holders: expected 1 to {count}, of 20 at most")
        names = sorted({_checked(name) for name in districts})
        makers = {
            role: [keys.make(holders / f"{role}-{n}.pem", passphrase) for n in range(1, count + 1)]
            for role in (ROOT, TARGETS)
        }
        online = {role: keys.make(self._online / f"{role}.pem") for role in (SNAPSHOT, TIMESTAMP)}
        root = Root(version=1, expires=_in(DAYS[ROOT]), consistent_snapshot=True)
        for role, signers in (*makers.items(), *((role, [one]) for role, one in online.items())):
            for signer in signers:
                root.add_key(signer.public_key, role)
            root.roles[role].threshold = threshold if role in makers else 1
        targets = Targets(version=1, expires=_in(DAYS[TARGETS]), delegations=Delegations({}, {}))
        for name in names:
            self._delegate(targets, name)
        self._write_signed(f"1.{ROOT}", root, makers[ROOT])
        self._write_signed(f"1.{TARGETS}", targets, makers[TARGETS])
        for name in names:
            self._write_district(name, Targets(version=1, expires=_in(DISTRICT_DAYS)))
        self._seal({TARGETS: 1, **dict.fromkeys(names, 1)})
        return self._metadata / f"1.{ROOT}.json"

    def add_district(self, name: str) -> None:
        """Stage one more district; the holders have to sign it."""
        targets = self._next_targets()
        if targets.signed.delegations.roles.get(_checked(name)):
            raise ReleaseError(f"{name}: there is such a district already")
        self._delegate(targets.signed, name)
        self._stage(targets)

    # ── releases ──

    def add(self, release: Release) -> None:
        """Stage a release beside those there are: it counts when enough holders have signed, and it is published."""
        targets = self._next_targets()
        latest = max((number(v) for v, arch in _releases(targets.signed) if arch == release.arch), default=())
        if number(release.version) <= latest:
            raise ReleaseError(f"{release.version}: not newer than what there is for {release.arch}")
        data = release_bytes(release)
        path = release_path(release.version, release.arch)
        target = TargetFile.from_data(path, data)
        targets.signed.targets[path] = target
        folder, _, name = path.rpartition("/")
        write(self.targets_dir / folder / f"{target.hashes['sha256']}.{name}", data)
        self._stage(targets)

    def sign(self, signers: Iterable[CryptoSigner]) -> str:
        """Sign what is staged with every key that may; says how many are missing still."""
        staged = self._staged_targets()
        if staged is None:
            raise ReleaseError("nothing waits for a signature")
        root = self._root()
        allowed = root.roles[TARGETS].keyids
        mine = [signer for signer in signers if signer.public_key.keyid in allowed]
        if not mine:
            raise ReleaseError("none of these keys may sign releases")
        for signer in mine:
            staged.sign(signer, append=True)
        write(self._staged / "targets.json", staged.to_bytes(_COMPACT))
        missing = self._missing(root, staged)
        return f"{missing} signatures are missing" if missing else "enough have signed; publish it"

    def publish(self) -> str:
        """Let terminals see what is staged, where enough have signed; and say anew that this is the newest state."""
        root, staged = self._root(), self._staged_targets()
        versions = self._versions()
        done = "nothing was staged; the time was signed anew"
        if staged is not None:
            missing = self._missing(root, staged)
            if missing:
                raise ReleaseError(f"{missing} signatures are missing: `hazri-server release sign`, by other holders")
            versions[TARGETS] = staged.signed.version
            write(self._metadata / f"{staged.signed.version}.{TARGETS}.json", staged.to_bytes(_COMPACT))
            done = f"published as state {staged.signed.version}"
        self._renew(versions)
        (self._staged / "targets.json").unlink(missing_ok=True)
        return done

    def keep_fresh(self) -> bool:
        """Say anew that this is the newest state, where that was said a day ago: after a week without it terminals
        believe nothing that they are told here. What is staged stays so."""
        self._root()
        if self._read(TIMESTAMP).signed.expires > _in(DAYS[TIMESTAMP] - 1):
            return False
        self._renew(self._versions())
        return True

    def releases(self) -> list[tuple[str, str]]:
        """Version and machine of all that terminals may see, the newest last."""
        found = _releases(self._targets(self._versions()))
        return sorted(found, key=lambda one: (number(one[0]), one[1]))

    def staged(self) -> tuple[list[tuple[str, str]], int]:
        """What waits, and for how many signatures."""
        staged = self._staged_targets()
        if staged is None:
            return [], 0
        new = set(_releases(staged.signed)) - set(self.releases())
        return sorted(new), self._missing(self._root(), staged)

    def districts(self) -> list[str]:
        return list(self._targets(self._versions()).delegations.roles)

    # ── what a district gets ──

    def offer(self, name: str, version: str, percent: int) -> None:
        """Sign, as the district, that `percent` of its terminals are to have this release, of every machine it was
        made for; and publish that."""
        versions = self._versions()
        targets = self._targets(versions)
        if name not in targets.delegations.roles:
            raise ReleaseError(f"{name}: no such district; there are {', '.join(targets.delegations.roles) or 'none'}")
        arches = [arch for v, arch in _releases(targets) if v == version]
        if not arches:
            raise ReleaseError(f"{version}: no such release; it has to be signed and published first")
        district_role = self._district(name, versions[name])
        for arch in arches:
            made = targets.targets[release_path(version, arch)]
            told = {"custom": {"version": version, "percent": percent}}
            path = offer_path(name, arch)
            district_role.signed.targets[path] = TargetFile(made.length, dict(made.hashes), path, told)
        district_role.signed.version += 1
        district_role.signed.expires = _in(DISTRICT_DAYS)
        self._write_district(name, district_role.signed)
        self._seal(versions | {name: district_role.signed.version})

    # ── files ──

    def _delegate(self, targets: Any, name: str) -> None:
        path = self._online / f"district-{name}.pem"
        signer = keys.load(path) if path.exists() else keys.make(path)
        role = DelegatedRole(name, [], 1, terminating=True, paths=[f"{name}/*"])
        targets.delegations.roles[name] = role
        targets.add_key(signer.public_key, name)

    def _next_targets(self) -> Any:
        """The top role as it is staged, or the published one, to be changed: no signature stays on it."""
        found = self._staged_targets() or self._read(f"{self._versions()[TARGETS]}.{TARGETS}")
        published = self._versions()[TARGETS]
        found.signed.version = published + 1
        found.signed.expires = _in(DAYS[TARGETS])
        found.signatures.clear()
        return found

    def _stage(self, targets: Any) -> None:
        write(self._staged / "targets.json", targets.to_bytes(_COMPACT))

    def _staged_targets(self) -> Any:
        path = self._staged / "targets.json"
        return _parse(path) if path.exists() else None

    def _missing(self, root: Any, staged: Any) -> int:
        return int(root.get_verification_result(TARGETS, staged.signed_bytes, staged.signatures).missing)

    def _root(self) -> Any:
        latest = max((_version_of(path) for path in self._metadata.glob(f"*.{ROOT}.json")), default=0)
        if not latest:
            raise ReleaseError(f"{self.folder}: no repository; `hazri-server release init` makes one")
        return self._read(f"{latest}.{ROOT}").signed

    def _versions(self) -> dict[str, int]:
        self._root()
        timestamp = self._read(TIMESTAMP).signed
        snapshot = self._read(f"{timestamp.snapshot_meta.version}.{SNAPSHOT}").signed
        return {name.removesuffix(".json"): meta.version for name, meta in snapshot.meta.items()}

    def _targets(self, versions: dict[str, int]) -> Any:
        return self._read(f"{versions[TARGETS]}.{TARGETS}").signed

    def _renew(self, versions: dict[str, int]) -> None:
        """Sign again what this server signs, and what may soon be out of date."""
        for name in self._targets(versions).delegations.roles:
            versions[name] = self._renewed(name, versions.get(name))
        self._seal(versions)

    def _district(self, name: str, version: int) -> Any:
        return self._read(f"{version}.{name}")

    def _renewed(self, name: str, version: int | None) -> int:
        """A district's role lives as long as it is published."""
        signed = Targets()
        if version:
            signed = self._district(name, version).signed
            if signed.expires > _in(DISTRICT_DAYS // 2):
                return version
            signed.version += 1
        signed.expires = _in(DISTRICT_DAYS)
        self._write_district(name, signed)
        return int(signed.version)

    def _write_district(self, name: str, signed: Any) -> None:
        self._write_signed(f"{signed.version}.{name}", signed, [keys.load(self._online / f"district-{name}.pem")])

    def _write_signed(self, name: str, signed: Any, signers: Iterable[CryptoSigner]) -> bytes:
        metadata = Metadata(signed)
        for signer in signers:
            metadata.sign(signer, append=True)
        data = metadata.to_bytes(_COMPACT)
        write(self._metadata / f"{name}.json", data)
        return data

    def _seal(self, versions: dict[str, int]) -> None:
        """A snapshot of these versions, and last of all the timestamp: until then terminals see the state before."""
        timestamp = Timestamp()
        if (self._metadata / f"{TIMESTAMP}.json").exists():
            timestamp = self._read(TIMESTAMP).signed
            timestamp.version += 1
            timestamp.snapshot_meta = self._snapshot(versions, timestamp.snapshot_meta)
        else:
            timestamp.snapshot_meta = self._snapshot(versions, None)
        timestamp.expires = _in(DAYS[TIMESTAMP])
        self._write_signed(TIMESTAMP, timestamp, [self._key(TIMESTAMP)])

    def _snapshot(self, versions: dict[str, int], latest: Any) -> Any:
        """The one there is, where it says the same and lives on; terminals need not fetch it again."""
        meta = {f"{name}.json": MetaFile(version) for name, version in versions.items()}
        snapshot = Snapshot(meta=meta, expires=_in(DAYS[SNAPSHOT]))
        if latest is not None:
            before = self._read(f"{latest.version}.{SNAPSHOT}").signed
            if before.meta == meta and before.expires > _in(DAYS[SNAPSHOT] // 2):
                return latest
            snapshot.version = before.version + 1
        data = self._write_signed(f"{snapshot.version}.{SNAPSHOT}", snapshot, [self._key(SNAPSHOT)])
        return MetaFile.from_data(snapshot.version, data, ["sha256"])

    def _key(self, role: str) -> CryptoSigner:
        return keys.load(self._online / f"{role}.pem")

    def _read(self, name: str) -> Any:
        return _parse(self._metadata / f"{name}.json")


def _releases(targets: Any) -> list[tuple[str, str]]:
    """Version and machine of each target that is a release."""
    names = [path.removeprefix("releases/").removesuffix(".cbor") for path in targets.targets]
    return [(version, arch) for version, _, arch in (name.rpartition("-") for name in names)]


def _parse(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            return Metadata.from_bytes(file.read(_MAX_BYTES))
    except OSError as error:
        raise ReleaseError(f"{path}: {error.strerror}") from None
    except (RepositoryError, ValueError, KeyError, json.JSONDecodeError) as error:
        raise ReleaseError(f"{path}: not sound ({error})") from None


def _version_of(path: Path) -> int:
    head = path.name.split(".")[0]
    return int(head) if head.isdecimal() else 0


def _checked(name: str) -> str:
    try:
        if name in (ROOT, TARGETS, SNAPSHOT, TIMESTAMP, "releases", "wheels"):
            raise WireError(f"district {name!r}: this name means something else here")
        return district(name)
    except WireError as error:
        raise ReleaseError(str(error)) from None


def _in(days: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=days)
