"""`hazri-server synthetic`: write a synthetic department into the ledger, to try things on."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from server.run import Opened

DEFAULT_SCHOOLS, DEFAULT_SEED = 50, 7


def add(command: Callable[..., Any], work: Callable[[argparse.Namespace], int]) -> None:
    one = command("synthetic", work, "Write a synthetic department into the ledger: offices, posts and people.")
    one.add_argument(
        "--schools", type=int, default=DEFAULT_SCHOOLS, metavar="N", help=f"how many (default: {DEFAULT_SCHOOLS})"
    )
    one.add_argument(
        "--seed", type=int, default=DEFAULT_SEED, help=f"same seed, same department (default: {DEFAULT_SEED})"
    )
    one.set_defaults(topic=run)


def run(args: argparse.Namespace, opened: "Opened") -> str:
    """Raises PeopleError: too many schools, or this seed is there already."""
    from server.people.synthetic import generate, write
    from server.vault import Vault

    made = generate(args.schools, args.seed)
    write(opened.ledger, Vault(opened.keys.vault), made)
    return f"{made.slug}: {len(made.places)} synthetic offices, {len(made.people)} synthetic people"
