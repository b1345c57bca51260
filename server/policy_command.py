"""`hazri-server policy explain` and `check`: a policy file in plain words, or where it is wrong."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from server.attendance import PolicyError
from server.attendance.explain import explain
from server.attendance.policy import MAX_BYTES, parse
from server.attendance.rules import Policy

Add = Callable[[str, Callable[[argparse.Namespace], int], str, Any], Any]


def add(commands: Any, add_one: Add) -> None:
    """Put `policy explain` and `policy check` beside the other commands; `add_one` adds one of a group."""
    text = "Rules of attendance as files."
    group = commands.add_parser("policy", help=text, description=text).add_subparsers(required=True, metavar="COMMAND")
    one = add_one("explain", _explain, "Say what a policy file means, with both sides of each limit.", group)
    one.add_argument("file", type=Path, metavar="FILE")
    one.add_argument("--lang", choices=["en", "hi"], default="en", help="English or Hindi (default: en)")
    check = add_one("check", _check, "Say whether policy files are sound; names the line that is not.", group)
    check.add_argument("files", type=Path, nargs="+", metavar="FILE")


def read(path: Path) -> Policy:
    """A policy from its file. Raises PolicyError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        return parse(data.decode("utf-8"), str(path))
    except OSError as error:
        raise PolicyError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path}: not UTF-8 text") from None


def _explain(args: argparse.Namespace) -> int:
    sys.stdout.write(explain(read(args.file), args.lang) + "\n")
    return 0


def _check(args: argparse.Namespace) -> int:
    for path in args.files:
        policy = read(path)
        sys.stdout.write(f"{path}: sound: {policy.name}, {len(policy.rows)} rows, since {policy.since}\n")
    return 0
