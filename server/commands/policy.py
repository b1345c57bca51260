"""`hazri-server policy explain` and `check`: a policy file in plain words, or where it is wrong."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from server.commands.words import Words

if TYPE_CHECKING:
    from server.attendance.rules import Policy


def add(words: Words) -> None:
    """The commands' words."""
    policy = words.group("policy", "Rules of attendance as files.")
    one = words.command("explain", words.plain, "Say what a policy file means, with both sides of each limit.", policy)
    one.add_argument("file", type=Path, metavar="FILE")
    one.add_argument("--lang", choices=["en", "hi"], default="en", help="English or Hindi (default: en)")
    one.set_defaults(topic=_explain)
    check = words.command("check", words.plain, "Say whether policy files are sound, or which line is not.", policy)
    check.add_argument("files", type=Path, nargs="+", metavar="FILE")
    check.set_defaults(topic=_check)


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

    return explain(read(args.file), args.lang)


def _check(args: argparse.Namespace) -> str:
    found = [(path, read(path)) for path in args.files]
    return "\n".join(
        f"{path}: sound: {policy.name}, {len(policy.rows)} rows, since {policy.since}" for path, policy in found
    )
