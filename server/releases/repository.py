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
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]
from tuf.api.metadata import (  # type: ignore[attr-defined]
    DelegatedRole,
    Delegations,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from server import ReleaseError
from server.releases.files import write
from server.releases.holders import Change, Lacks, change_root, lack, last_number, numbers
from server.releases.roles import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, Roles, later
from sync import WireError
from sync.release import Release, district, number, offer_path, release_bytes, release_path

DAYS = {ROOT: 730, TARGETS: 365, SNAPSHOT: 30, TIMESTAMP: 7}
DISTRICT_DAYS = 30


class Repository:
    """`folder`: see server.releases. Each method raises ReleaseError, and then nothing that terminals read changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.targets_dir = folder / "public" / "targets"
        self._roles = Roles(folder)

    # ── beginning ──

    def init(
        self, holders: Path, districts: Iterable[str], *, count: int, threshold: int, passphrase: bytes | None
    ) -> Path:
        """Make all keys, and an empty repository; returns the root that terminals are given. `count` holders each get
        two files in the folder `holders`, to be taken away from this machine."""
        if self._roles.any():
            raise ReleaseError(f"{self.folder}: there is a repository already")
        names = sorted({_checked(name) for name in districts})
        root = Root(version=1, expires=later(DAYS[ROOT]), consistent_snapshot=True)
        makers = change_root(root, Change(add=(holders,) * count, threshold=threshold), 0, passphrase)
        self._renew_server(root)
        targets = Targets(version=1, expires=later(DAYS[TARGETS]), delegations=Delegations({}, {}))
        for name in names:
            self._delegate(targets, name)
        self._roles.show_signed(f"1.{ROOT}", root, makers[ROOT])
        self._roles.show_signed(f"1.{TARGETS}", targets, makers[TARGETS])
        for name in names:
            self._show_district(targets, name, Targets(version=1, expires=later(DISTRICT_DAYS)))
        self._seal({TARGETS: 1, **dict.fromkeys(names, 1)})
        return self._roles.path(f"1.{ROOT}")

    def add_district(self, name: str) -> None:
        """Stage one more district; the holders have to sign it."""
        targets = self._next_targets()
        if targets.signed.delegations.roles.get(_checked(name)):
            raise ReleaseError(f"{name}: there is such a district already")
        self._delegate(targets.signed, name)
        self._roles.stage(TARGETS, targets)

    # ── who signs ──

    def change(self, change: Change, passphrase: bytes | None = None) -> None:
        """Stage another root, good for its full time again: enough of the holders until now have to sign it, and of
        those from then on; and these the releases, too, which would else be signed by people who count no more."""
        root, targets = self._next_root(), self._next_targets()
        change_root(root.signed, change, last_number([*self._roles.roots(), root.signed]), passphrase)
        if change.server:
            self._renew_server(root.signed)
            for name in targets.signed.delegations.roles:
                self._delegate(targets.signed, name)
        self._roles.stage(TARGETS, targets)
        self._roles.stage(ROOT, root)

    def holders(self) -> tuple[list[int], int]:
        """Their numbers, and how many of them must sign."""
        root = self._roles.root()
        return numbers(root), root.roles[ROOT].threshold

    def ends(self) -> dict[str, dt.datetime]:
        """Until when what holders signed is good, by role."""
        return {ROOT: self._roles.root().expires, TARGETS: self._targets(self._versions()).expires}

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
        self._roles.stage(TARGETS, targets)

    def sign(self, signers: Iterable[CryptoSigner]) -> str:
        """Sign what is staged with every key that may; says what is missing still."""
        now, root, targets = self._roles.root(), self._roles.staged(ROOT), self._roles.staged(TARGETS)
        if root is None and targets is None:
            raise ReleaseError("nothing waits for a signature")
        then = root.signed if root else now
        may = {TARGETS: set(then.roles[TARGETS].keyids), ROOT: {*now.roles[ROOT].keyids, *then.roles[ROOT].keyids}}
        mine = list(signers)
        if not any(signer.public_key.keyid in may[TARGETS] | may[ROOT] for signer in mine):
            raise ReleaseError("none of these keys may sign releases")
        for role, staged in ((TARGETS, targets), (ROOT, root)):
            if staged is None:
                continue
            for signer in mine:
                if signer.public_key.keyid in may[role]:
                    staged.sign(signer, append=True)
            self._roles.stage(role, staged)
        return str(self.lacks()) or "enough have signed; publish it"

    def lacks(self) -> Lacks:
        """Of what is staged."""
        now, root, targets = self._roles.root(), self._roles.staged(ROOT), self._roles.staged(TARGETS)
        if root is None and targets is None:
            return Lacks()
        then = root.signed if root else now
        targets = targets or self._roles.read(f"{self._versions()[TARGETS]}.{TARGETS}")
        releases = lack(then.get_verification_result(TARGETS, targets.signed_bytes, targets.signatures))
        if root is None:
            return Lacks(releases)
        both = then.get_root_verification_result(now, root.signed_bytes, root.signatures)
        return Lacks(releases, lack(both.first), lack(both.second))

    def publish(self) -> str:
        """Let terminals see what is staged, where enough have signed; and say anew that this is the newest state. Who
        is cut off between does it again: until the last file terminals see the state before, or believe nothing."""
        root, targets = self._roles.staged(ROOT), self._roles.staged(TARGETS)
        versions = self._versions()
        lacks = self.lacks()
        if lacks:
            raise ReleaseError(f"{lacks} (`hazri-server release sign`)")
        done = "nothing was staged; the time was signed anew"
        if targets is not None:
            versions[TARGETS] = targets.signed.version
            self._roles.show(f"{targets.signed.version}.{TARGETS}", targets)
            done = f"published as state {targets.signed.version}"
        if root is not None:
            self._roles.show(f"{root.signed.version}.{ROOT}", root)
            done += f", with root {root.signed.version}"
        self._renew(versions)
        self._forget()
        return done

    def drop(self) -> None:
        """What is staged is not wanted after all."""
        if self._roles.staged(ROOT) is None and self._roles.staged(TARGETS) is None:
            raise ReleaseError("nothing waits for a signature")
        self._forget()

    def keep_fresh(self) -> bool:
        """Say anew that this is the newest state, where that was said a day ago: after a week without it terminals
        believe nothing that they are told here. What is staged stays so."""
        root, timestamp = self._roles.root(), self._roles.read(TIMESTAMP)
        if timestamp.signed.expires > later(DAYS[TIMESTAMP] - 1) and _counts(root, TIMESTAMP, timestamp):
            return False
        self._renew(self._versions())
        return True

    def releases(self) -> list[tuple[str, str]]:
        """Version and machine of all that terminals may see, the newest last."""
        found = _releases(self._targets(self._versions()))
        return sorted(found, key=lambda one: (number(one[0]), one[1]))

    def staged(self) -> list[str]:
        """What waits, in words."""
        root, targets = self._roles.staged(ROOT), self._roles.staged(TARGETS)
        new = set(_releases(targets.signed)) - set(self.releases()) if targets else set()
        found = [f"{version} for {arch}" for version, arch in sorted(new)]
        if root is not None:
            found.append("a change of who signs")
        return found if found or targets is None else ["a change of districts"]

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
        signed = self._roles.read(f"{versions[name]}.{name}").signed
        for arch in arches:
            made = targets.targets[release_path(version, arch)]
            told = {"custom": {"version": version, "percent": percent}}
            path = offer_path(name, arch)
            signed.targets[path] = TargetFile(made.length, dict(made.hashes), path, told)
        signed.version += 1
        signed.expires = later(DISTRICT_DAYS)
        self._show_district(targets, name, signed)
        self._seal(versions | {name: signed.version})

    # ── roles ──

    def _next_root(self) -> Any:
        """The root as it is staged, or the newest one, to be changed: no signature stays on it."""
        found = self._roles.staged(ROOT) or self._roles.read(f"{self._roles.root().version}.{ROOT}")
        found.signed.version = self._roles.root().version + 1
        found.signed.expires = later(DAYS[ROOT])
        found.signatures.clear()
        return found

    def _next_targets(self) -> Any:
        """The same of the top role."""
        published = self._versions()[TARGETS]
        found = self._roles.staged(TARGETS) or self._roles.read(f"{published}.{TARGETS}")
        found.signed.version = published + 1
        found.signed.expires = later(DAYS[TARGETS])
        found.signatures.clear()
        return found

    def _renew_server(self, root: Any) -> None:
        """New keys for the roles of this server, in place of those it had."""
        for role in (SNAPSHOT, TIMESTAMP):
            for keyid in list(root.roles[role].keyids):
                root.revoke_key(keyid, role)
            root.add_key(self._roles.new_key(role).public_key, role)

    def _delegate(self, targets: Any, name: str) -> None:
        """To a new key, in place of the one it had."""
        if name in targets.delegations.roles:
            for keyid in list(targets.delegations.roles[name].keyids):
                targets.revoke_key(keyid, name)
        else:
            targets.delegations.roles[name] = DelegatedRole(name, [], 1, terminating=True, paths=[f"{name}/*"])
        targets.add_key(self._roles.new_key(_district_key(name)).public_key, name)

    def _versions(self) -> dict[str, int]:
        self._roles.root()
        timestamp = self._roles.read(TIMESTAMP).signed
        snapshot = self._roles.read(f"{timestamp.snapshot_meta.version}.{SNAPSHOT}").signed
        return {name.removesuffix(".json"): meta.version for name, meta in snapshot.meta.items()}

    def _targets(self, versions: dict[str, int]) -> Any:
        return self._roles.read(f"{versions[TARGETS]}.{TARGETS}").signed

    def _renew(self, versions: dict[str, int]) -> None:
        """Sign again what this server signs, and what may soon be out of date or is signed by a key of before."""
        targets = self._targets(versions)
        for name in targets.delegations.roles:
            versions[name] = self._renewed(targets, name, versions.get(name))
        self._seal(versions)

    def _renewed(self, targets: Any, name: str, version: int | None) -> int:
        """A district's role lives as long as it is published."""
        signed = Targets()
        if version:
            found = self._roles.read(f"{version}.{name}")
            signed = found.signed
            if signed.expires > later(DISTRICT_DAYS // 2) and _counts(targets, name, found):
                return version
            signed.version += 1
        signed.expires = later(DISTRICT_DAYS)
        self._show_district(targets, name, signed)
        return int(signed.version)

    def _show_district(self, targets: Any, name: str, signed: Any) -> None:
        key = self._roles.key(_district_key(name), targets.delegations.roles[name].keyids)
        self._roles.show_signed(f"{signed.version}.{name}", signed, [key])

    def _seal(self, versions: dict[str, int]) -> None:
        """A snapshot of these versions, and last of all the timestamp: until then terminals see the state before."""
        root = self._roles.root()
        timestamp, latest = Timestamp(), None
        if self._roles.path(TIMESTAMP).exists():
            timestamp = self._roles.read(TIMESTAMP).signed
            timestamp.version += 1
            latest = timestamp.snapshot_meta
        timestamp.snapshot_meta = self._snapshot(root, versions, latest)
        timestamp.expires = later(DAYS[TIMESTAMP])
        self._roles.show_signed(TIMESTAMP, timestamp, [self._key(root, TIMESTAMP)])

    def _snapshot(self, root: Any, versions: dict[str, int], latest: Any) -> Any:
        """The one there is, where it says the same and lives on: it is not fetched again then. It has the sum of the
        top role, too: a server that was restored from a backup may give a number anew that they saw before."""
        meta = {f"{name}.json": MetaFile(version) for name, version in versions.items()}
        top = self._roles.shown(f"{versions[TARGETS]}.{TARGETS}")
        meta[f"{TARGETS}.json"] = MetaFile.from_data(versions[TARGETS], top, ["sha256"])
        snapshot = Snapshot(meta=meta, expires=later(DAYS[SNAPSHOT]))
        if latest is not None:
            found = self._roles.read(f"{latest.version}.{SNAPSHOT}")
            lives = found.signed.expires > later(DAYS[SNAPSHOT] // 2) and _counts(root, SNAPSHOT, found)
            if lives and found.signed.meta == meta:
                return latest
            snapshot.version = found.signed.version + 1
        data = self._roles.show_signed(f"{snapshot.version}.{SNAPSHOT}", snapshot, [self._key(root, SNAPSHOT)])
        return MetaFile.from_data(snapshot.version, data, ["sha256"])

    def _key(self, root: Any, role: str) -> CryptoSigner:
        return self._roles.key(role, root.roles[role].keyids)

    def _forget(self) -> None:
        """What was staged, and the keys of this server that count nowhere now."""
        root, delegations = self._roles.root(), self._targets(self._versions()).delegations
        needed = {keyid for role in (SNAPSHOT, TIMESTAMP) for keyid in root.roles[role].keyids}
        self._roles.clear()
        self._roles.forget_keys(needed | set(delegations.keys))


def _counts(above: Any, role: str, metadata: Any) -> bool:
    """Is it signed as the role above it says?"""
    return bool(above.get_verification_result(role, metadata.signed_bytes, metadata.signatures))


def _releases(targets: Any) -> list[tuple[str, str]]:
    """Version and machine of each target that is a release."""
    names = [path.removeprefix("releases/").removesuffix(".cbor") for path in targets.targets]
    return [(version, arch) for version, _, arch in (name.rpartition("-") for name in names)]


def _district_key(name: str) -> str:
    return f"district-{name}"


def _checked(name: str) -> str:
    try:
        if name in (ROOT, TARGETS, SNAPSHOT, TIMESTAMP, "releases", "wheels"):
            raise WireError(f"district {name!r}: this name means something else here")
        return district(name)
    except WireError as error:
        raise ReleaseError(str(error)) from None
