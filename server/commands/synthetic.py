"""`hazri-server synthetic`: write a synthetic department into the ledger, to try things on."""

import argparse
from typing import TYPE_CHECKING

from server.commands.words import Words

if TYPE_CHECKING:
    from server.opened import Opened

DEFAULT_SCHOOLS, DEFAULT_SEED = 50, 7


def add(words: Words) -> None:
    one = words.command("synthetic", words.topic, "Write a synthetic department into the ledger: posts and people.")
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
    from server.trust.vault import Vault

    made = generate(args.schools, args.seed)
    write(opened.ledger, Vault(opened.keys.vault), made)
    return f"{made.slug}: {len(made.places)} synthetic offices, {len(made.people)} synthetic people"
