"""`hazri-server release`: the terminals' software, from wheels to every terminal of a district (docs/updates.md)."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from server import ReleaseError
from server.commands.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.releases.repository import Repository
    from server.settings import ServerSettings

    Topic = Callable[[argparse.Namespace, ServerSettings], str]


def add(words: Words) -> None:
    """Put them beside the other commands. What needs no ledger takes only the settings: holders sign elsewhere."""
    command, group, settings = words.command, words.group, words.on_settings
    to = group("release", "The terminals' software: sign it, and roll it out ring by ring.")
    init = command("init", settings, "Make the keys and an empty repository; prints the root for terminals.", to)
    init.add_argument("--keys", type=Path, required=True, metavar="DIR", help="where the holders' keys go: a stick")
    init.add_argument("--holders", type=int, default=3, help="people who hold keys (default: 3)")
    init.add_argument("--threshold", type=int, default=2, help="how many of them must sign (default: 2)")
    init.add_argument("--district", action="append", default=[], metavar="NAME", help="may be repeated (default: all)")
    init.set_defaults(topic=_in_turn(_init))
    one = command("add", settings, "Take in a release, to be signed; or one more district.", to)
    one.add_argument("version", nargs="?", default="", metavar="VERSION", help="as 1.4.0")
    one.add_argument("--arch", choices=["arm64", "amd64"], default="arm64", help="for which machine")
    one.add_argument("--python", default="3.11", metavar="3.11", help="the terminals' Python (default: Debian 12's)")
    source = one.add_mutually_exclusive_group(required=True)
    source.add_argument("--wheels", type=Path, metavar="DIR", help="the wheels of hazri and all it needs")
    source.add_argument("--deb", type=Path, metavar="FILE", help="the package that `hazri-edge image deb` made of them")
    source.add_argument("--district", metavar="NAME", help="instead of a release")
    one.set_defaults(topic=_in_turn(_add))
    sign = command("sign", settings, "Sign what was taken in, with the keys of one holder or several.", to)
    sign.add_argument("--keys", type=Path, required=True, metavar="DIR", help="the holder's stick")
    sign.set_defaults(topic=_in_turn(_sign))
    drop = command("drop", settings, "Forget what waits for signatures.", to)
    drop.set_defaults(topic=_in_turn(_drop))
    who = command(
        "keys", settings, "Who signs: show it, or change it. Those until now and those from then on sign that.", to
    )
    who.add_argument(
        "--add", type=Path, action="append", default=[], metavar="DIR", help="make one more holder's keys there"
    )
    who.add_argument("--remove", type=int, action="append", default=[], metavar="N", help="a holder, by number")
    who.add_argument("--threshold", type=int, metavar="N", help="how many must sign (default: as many as before)")
    who.add_argument("--server", action="store_true", help="new keys for this server; what was stolen counts no more")
    who.add_argument("--renew", action="store_true", help="all as it is, for another two years")
    who.set_defaults(topic=_in_turn(_keys))
    for with_keys in (init, sign, who):
        with_keys.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the keys; a passphrase a line")
    command("publish", settings, "Show it to terminals, and sign the time anew.", to).set_defaults(
        topic=_in_turn(_publish)
    )
    rollout = command("rollout", settings, "Begin with the first ring, or look which ring may be next.", to)
    rollout.add_argument("version", nargs="?", default="", metavar="VERSION", help="none: look at what is under way")
    rollout.add_argument("--district", default="all", metavar="NAME", help="whose terminals (default: all)")
    rollout.set_defaults(topic=_in_turn(_rollout))
    halt = command("halt", settings, "Offer it to no further terminal.", to)
    halt.add_argument("--district", default="all", metavar="NAME", help="whose terminals (default: all)")
    halt.add_argument("--why", required=True, help="for the record")
    halt.set_defaults(topic=_in_turn(_halt))
    status = command("status", settings, "What there is, what waits for signatures, and how far districts are.", to)
    status.set_defaults(topic=_status)


def _in_turn(topic: "Topic") -> "Topic":
    """Not while another command, or the server's own hourly look, changes the repository."""

    def run(args: argparse.Namespace, settings: "ServerSettings") -> str:
        from server.releases.files import turn

        with turn(settings.releases):
            return topic(args, settings)

    return run


def _init(args: argparse.Namespace, settings: "ServerSettings") -> str:
    root = _repository(settings).init(
        args.keys,
        args.district or ["all"],
        count=args.holders,
        threshold=args.threshold,
        passphrase=_passphrase(args.passphrase_file),
    )
    return f"{root}: give this to terminals (`hazri-edge update --root`); take {args.keys} away from this machine"


def _add(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.releases import contents

    repository = _repository(settings)
    if args.district:
        repository.add_district(args.district)
        return f"{args.district}: waits for signatures"
    if not args.version:
        raise ReleaseError("add: which version? as `release add 1.4.0 --wheels DIR`")
    if args.deb:
        with contents.of_deb(args.deb) as wheels:
            release = contents.take(wheels, args.version, args.arch, args.python, repository.targets_dir)
    else:
        release = contents.take(args.wheels, args.version, args.arch, args.python, repository.targets_dir)
    repository.add(release)
    return f"{release.version} for {release.arch}: {len(release.wheels)} wheels, {release.length} bytes; to be signed"


def _sign(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.releases.keys import load_all

    return _repository(settings).sign(load_all(args.keys, _passphrase(args.passphrase_file)))


def _publish(_args: argparse.Namespace, settings: "ServerSettings") -> str:
    return _repository(settings).publish()


def _drop(_args: argparse.Namespace, settings: "ServerSettings") -> str:
    _repository(settings).drop()
    return "nothing waits any more"


def _keys(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.releases.holders import Change

    repository = _repository(settings)
    change = Change(tuple(args.add), frozenset(args.remove), args.threshold, args.server)
    if change == Change() and not args.renew:
        return "\n".join(_signed_by(repository))
    repository.change(change, _passphrase(args.passphrase_file))
    return f"a change of who signs waits: {repository.lacks()}"


def _signed_by(repository: "Repository") -> list[str]:
    there, threshold = repository.holders()
    ends = ", ".join(f"{role} until {end:%Y-%m-%d}" for role, end in repository.ends().items())
    return [f"holders {', '.join(map(str, there))}, of whom {threshold} must sign", f"what they signed is good: {ends}"]


def _rollout(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.ledger.store import now_ms
    from server.opened import open_state
    from server.releases.reports import reports
    from server.releases.rollout import Rollouts

    rollouts = Rollouts(_repository(settings))
    if args.version:
        begun = rollouts.begin(args.district, args.version, now_ms())
        return f"{args.district}: {begun.version} for {begun.percent} % of the terminals"
    with open_state(settings).ledger.read() as connection:
        told = list(reports(connection))
    found = rollouts.advance(lambda: told, now_ms())
    lines = [f"{name}: {one.version} {one.state} at {one.percent} %; {why}" for name, (one, why) in found.items()]
    return "\n".join(lines) or "nothing is under way"


def _halt(args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.ledger.store import now_ms
    from server.releases.rollout import Rollouts

    return f"{args.district}: {Rollouts(_repository(settings)).halt(args.district, args.why, now_ms()).version} halted"


def _status(_args: argparse.Namespace, settings: "ServerSettings") -> str:
    from server.releases.rollout import Rollouts

    repository = _repository(settings)
    lines = [f"release {version} for {arch}" for version, arch in repository.releases()]
    waiting = repository.staged()
    lines += [f"waits: {one}" for one in waiting]
    if waiting:
        lines.append(str(repository.lacks()) or "enough have signed; publish it")
    lines += _signed_by(repository)
    under_way = Rollouts(repository).all()
    for name in repository.districts():
        one = under_way.get(name)
        said = f"{one.version} {one.state} at {one.percent} % {one.why}" if one else "nothing is offered"
        lines.append(f"district {name}: {said}".rstrip())
    return "\n".join(lines)


def _repository(settings: "ServerSettings") -> "Repository":
    from server.releases.repository import Repository

    return Repository(settings.releases)


def _passphrase(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes().strip() or None
    except OSError as error:
        raise ReleaseError(f"{file}: {error.strerror}") from None
