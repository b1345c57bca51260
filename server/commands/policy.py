"""`hazri-server policy`: a file in plain words, or where it is wrong; kept in the ledger, and chosen for a place."""

import argparse
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.words import Words, a_day

if TYPE_CHECKING:
    from server.attendance.rules import Policy
    from server.opened import Opened

_BY = "command line"


def add(words: Words) -> None:
    """The commands' words."""
    policy = words.group("policy", "Rules of attendance as files.")
    one = words.command("explain", words.plain, "Say what a policy file means, with both sides of each limit.", policy)
    one.add_argument("file", type=Path, metavar="FILE", help="or the name of one that is shipped")
    one.add_argument("--lang", choices=["en", "hi"], default="en", help="English or Hindi (default: en)")
    one.set_defaults(topic=_explain)
    check = words.command("check", words.plain, "Say whether policy files are sound, or which line is not.", policy)
    check.add_argument("files", type=Path, nargs="+", metavar="FILE")
    check.set_defaults(topic=_check)
    keep = words.command("keep", words.topic, "Keep a policy file in the ledger; it holds where it is chosen.", policy)
    keep.add_argument("file", type=Path, metavar="FILE")
    keep.set_defaults(topic=_keep)
    choose = words.command("choose", words.topic, "Say which policy holds at a place, and from when.", policy)
    choose.add_argument("name", metavar="NAME", help="as `list` prints it")
    choose.add_argument("--org", default="", metavar="SLUG", help="(default: everywhere)")
    choose.add_argument("--office", default="", metavar="PATH", help="as /hr/hr-12/ (default: the whole organisation)")
    choose.add_argument("--since", type=a_day, required=True, metavar="YYYY-MM-DD")
    choose.add_argument("--until", type=a_day, metavar="YYYY-MM-DD", help="the last day")
    choose.add_argument("--order", default="", metavar="NUMBER", help="of the order that says so")
    choose.set_defaults(topic=_choose)
    known = words.command("list", words.topic, "List the policies there are, and where each was chosen.", policy)
    known.set_defaults(topic=_list)


def read(path: Path) -> "Policy":
    """A policy from its file. Raises PolicyError."""
    from server.attendance import PolicyError
    from server.attendance.policy import MAX_BYTES, parse

    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return parse(data.decode("utf-8"), str(path))
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: not UTF-8 text") from None


def _explain(args: argparse.Namespace) -> str:
    from server.attendance.explain import explain

    return explain(read(_shipped(args.file)), args.lang)


def _shipped(path: Path) -> Path:
    """The file of a policy that is shipped, where this is the name of one and no file is called so."""
    named = Path(str(files("config").joinpath("policies", f"{path.name}.toml")))
    return named if path.name == str(path) and not path.exists() and named.is_file() else path


def _check(args: argparse.Namespace) -> str:
    found = [(path, read(path)) for path in args.files]
    return "\n".join(
        f"{path}: sound: {policy.name}, {len(policy.rows)} rows, since {policy.since}" for path, policy in found
    )


def _keep(args: argparse.Namespace, opened: "Opened") -> str:
    from server.days import places

    read(args.file)  # names the file and the line of what is wrong
    with opened.ledger.write() as connection:
        policy = places.keep_policy(connection, args.file.read_text("utf-8"), _BY)
    return f"{policy.name}: kept; it holds where it is chosen"


def _choose(args: argparse.Namespace, opened: "Opened") -> str:
    from sqlalchemy import select

    from server import PeopleError
    from server.days import places
    from server.ledger.tables import office

    if args.office and not args.org:
        raise PeopleError("--office needs --org: two organisations may use the same path")
    where = places.Place(args.org, args.office)
    with opened.ledger.write() as connection:
        below = select(office.c.id).where(
            office.c.org == args.org, office.c.path.startswith(args.office, autoescape=True)
        )
        if args.org and connection.scalar(below.limit(1)) is None:
            raise PeopleError(f"{args.org} {args.office}: there is no such organisation, or no office there")
        span, source = places.Span(args.since, args.until), places.Source(_BY, args.order)
        places.choose_policy(connection, where, span, args.name, source)
    return f"{args.name}: holds {_at(args.org, args.office)} from {args.since} {_until(args.until)}"


def _list(_args: argparse.Namespace, opened: "Opened") -> str:
    from sqlalchemy import select

    from server.days import places
    from server.ledger.tables import policy_choice

    with opened.ledger.read() as connection:
        known = places.policies(connection)
        standing = select(policy_choice).where(policy_choice.c.withdrawn_ms.is_(None)).order_by(policy_choice.c.since)
        chosen = connection.execute(standing).all()
    lines = []
    for name, policy in sorted(known.items()):
        lines.append(f"{name}  {policy.title}" + ("  (where none is chosen)" if name == places.DEFAULT_POLICY else ""))
        lines += [
            f"    {_at(one.org, one.path)} from {one.since} {_until(one.until)}"
            + (f", {one.order_no}" if one.order_no else "")
            for one in chosen
            if one.policy == name
        ]
    return "\n".join(lines)


def _at(org: str, path: str) -> str:
    return f"at {org} {path}".rstrip() if org else "everywhere"


def _until(day: object) -> str:
    return f"until {day}" if day else "until further orders"
