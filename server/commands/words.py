"""What a command module needs of the parser: how a command is added, and how its work is begun."""

import argparse
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def a_day(text: str) -> dt.date:
    """A day that was typed, for `type=`; raises what the parser shows beside the word's name."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-10-31") from None


Work = Callable[[argparse.Namespace], int]


@dataclass(frozen=True)
class Words:
    """`command(name, work, help, to=the top)` and `group(name, help)` return parsers. `work`: one of the three others;
    each prints what `args.topic` returns, of the arguments alone, with the opened state, or with the settings."""

    command: Callable[..., Any]
    group: Callable[[str, str], Any]
    plain: Work
    topic: Work
    on_settings: Work

    def topical(self, name: str, to: Any, run: Callable[..., str], text: str, *words: str) -> Any:
        """A command on the opened state that `run` answers, with these words behind it."""
        one = self.command(name, self.topic, text, to)
        for word in words:
            one.add_argument(word)
        one.set_defaults(topic=run)
        return one
