"""Settings that the aggregator may want of a terminal, over those of its own file: how it behaves towards people.

What a finger or face has to reach and do, how often one may try, which devices there are and where anything is sent
stays the machine's own: whoever got hold of the aggregator could otherwise make its terminals let anybody in, or talk
to somebody else.
"""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from config import ConfigError
from config.load import known, table_of, value_of
from config.model import Edge, Policy

_GUARDS = ("face_turns", "lockout_failures", "lockout_first_s", "lockout_most_s")
FROM_AFAR: Mapping[str, tuple[str, ...]] = {
    "matching": ("ageing_days",),
    "policy": tuple(one.name for one in dataclasses.fields(Policy) if one.name not in _GUARDS),
    "screen": ("languages",),
    "signals": ("voice_languages", "voice_for"),
    "terminal": ("hang_s", "selftest_at", "silent_by", "silent_people", "silent_days"),
}


def adjusted(own: Edge, text: str, where: str) -> Edge:
    """`own` with what `text` (TOML) wants otherwise. Raises ConfigError for what is no setting, is out of range, or is
    not to be changed from afar; `where` opens each message."""
    sections = {}
    for name, values in table_of(text, where).items():
        known(name, FROM_AFAR, where)
        sections[name] = _section(getattr(own, name), values, FROM_AFAR[name], f"{where}: {name}")
    return dataclasses.replace(own, **sections)


def _section(own: Any, values: object, keys: tuple[str, ...], where: str) -> Any:
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected a table, found {values!r}")
    hints = typing.get_type_hints(type(own))
    changed = {}
    for key, value in values.items():
        known(key, keys, where)
        changed[key] = value_of(hints[key], value, f"{where}: {key}")
    try:
        return dataclasses.replace(own, **changed)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
