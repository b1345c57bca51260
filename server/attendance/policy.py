"""From the text of a policy file to a Policy, strictly: what is not understood is refused, with its line.

A file begins with name, title, title_hi, timezone and `since`; then come rows, `[[late]]` and so on
(server.attendance.rules names the kinds), each with `since`, perhaps `until`, and `source`. Rows of one kind follow
each other without gap or overlap; only the last may have no `until`.
"""

import dataclasses
import datetime as dt
import difflib
import re
import tomllib
import typing
from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import Any

from server.attendance import PolicyError
from server.attendance.clock import ZONES
from server.attendance.rules import KINDS, REQUIRED, Clock, LsaCap, LsaGroup, LsaRate, Policy, Row, Terms

MAX_BYTES = 256 * 1024
_YEARS = range(1900, 2201)
_HEAD = ("name", "title", "title_hi", "timezone", "since")
_HEADER = re.compile(r"\s*\[\[\s*([A-Za-z0-9_-]+)\s*\]\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")


def parse(text: str, where: str) -> Policy:
    """Read a policy file. `where` opens each message. Raises PolicyError."""
    table = _toml(text, where)
    lines = _lines(text)
    head = _head(table, lines, where)
    rows: list[tuple[str, Row]] = []
    for kind, given in table.items():
        if kind in _HEAD:
            continue
        if not isinstance(given, list):
            raise PolicyError(f"{where}, line {lines.get(('', 0, kind), 1)}: {kind}: write it as a row, [[{kind}]]")
        for place, one in enumerate(given):
            rows.append((kind, _row(kind, one, lines, place, where)))
    timelines = _timelines(rows, head["since"], where)
    _groups(rows, where)
    return _policy(head, rows, timelines)


def _toml(text: str, where: str) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise PolicyError(f"{where}: larger than {MAX_BYTES // 1024} KiB; is this a policy?")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{where}: not TOML: {error}") from None
    except RecursionError:
        raise PolicyError(f"{where}: nested too deeply") from None


def _lines(text: str) -> dict[tuple[str, int, str], int]:
    """Where each key stands: (kind of row, its place among its kind, key) → line; the row itself has the key ""."""
    found: dict[tuple[str, int, str], int] = {}
    seen: dict[str, int] = {}
    kind, place = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            kind = header[1]
            place = seen.get(kind, -1) + 1
            seen[kind] = place
            found[kind, place, ""] = number
        elif key := _KEY.match(line):
            found.setdefault((kind, place, key[1]), number)
    return found


def _head(table: dict[str, Any], lines: Mapping[tuple[str, int, str], int], where: str) -> dict[str, Any]:
    for key in table:
        if key not in _HEAD and key not in KINDS:
            line = lines.get(("", 0, key)) or lines.get((key, 0, ""), 1)
            raise PolicyError(f"{where}, line {line}: unknown rule {key!r}; {_nearest(key, [*_HEAD, *KINDS])}")
    head: dict[str, Any] = {}
    for key in _HEAD:
        hint = dt.date if key == "since" else str
        if key not in table:
            raise PolicyError(f"{where}: missing {key!r} at the top of the file")
        head[key] = _value(hint, table[key], f"{where}, line {lines.get(('', 0, key), 1)}: {key}")
    if head["timezone"] not in ZONES:
        raise PolicyError(f"{where}: timezone {head['timezone']!r} is not known; known: {', '.join(ZONES)}")
    if not re.fullmatch(r"[a-z0-9-]{1,40}", head["name"]):
        raise PolicyError(f"{where}: name takes small letters, digits and hyphens, at most 40")
    return head


def _row(kind: str, given: object, lines: Mapping[tuple[str, int, str], int], place: int, where: str) -> Row:
    at = f"{where}, line {lines.get((kind, place, ''), 1)}: {kind}"
    if not isinstance(given, dict):
        raise PolicyError(f"{at}: write it as a row, [[{kind}]]")
    made = KINDS[kind]
    fields = {f.name: f for f in dataclasses.fields(made) if f.name != "line"}
    hints = typing.get_type_hints(made)
    for key in given:
        if key not in fields:
            line = lines.get((kind, place, key), lines.get((kind, place, ""), 1))
            raise PolicyError(f"{where}, line {line}: {kind}: unknown key {key!r}; {_nearest(key, list(fields))}")
    values: dict[str, Any] = {"line": lines.get((kind, place, ""), 0)}
    for name, spec in fields.items():
        if name in given:
            line = lines.get((kind, place, name), values["line"])
            values[name] = _value(hints[name], given[name], f"{where}, line {line}: {kind}.{name}")
        elif spec.default is dataclasses.MISSING:
            raise PolicyError(f"{at}: missing key {name!r}")
    try:
        row = made(**values)
    except ValueError as error:
        raise PolicyError(f"{at}: {error}") from None
    if row.until is not None and row.until < row.since:
        raise PolicyError(f"{at}: until {row.until} is before since {row.since}")
    if not row.source.strip():
        raise PolicyError(f"{at}: source is empty; name the circular and its paragraph")
    return row


def _value(hint: Any, value: Any, where: str) -> Any:
    if hint is Clock:
        return _clock(value, where)
    if hint in (dt.date, dt.date | None):
        if type(value) is not dt.date:
            raise PolicyError(f"{where}: expected a date as 2016-06-17, without quotes, found {value!r}")
        if value.year not in _YEARS:
            raise PolicyError(f"{where}: {value} is no year of an order")
        return value
    if hint == tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise PolicyError(f"{where}: expected texts in brackets, found {value!r}")
        return tuple(value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        if value not in list(hint):
            raise PolicyError(f"{where}: expected one of {', '.join(hint)}, found {value!r}")
        return hint(value)
    wanted: dict[Any, tuple[Any, str]] = {
        int: (int, "a whole number"),
        float: ((int, float), "a number"),
        str: (str, "a text in quotes"),
    }
    kinds, words = wanted.get(hint, (bool, "true or false"))
    if not isinstance(value, kinds) or (isinstance(value, bool) and hint is not bool):
        raise PolicyError(f"{where}: expected {words}, found {value!r}")
    if hint is int and not 0 <= value <= 10**6:
        raise PolicyError(f"{where}: {value} is out of range")
    if hint is float and not 0 <= value <= 366:
        raise PolicyError(f"{where}: {value} is out of range")
    return float(value) if hint is float else value


def _clock(value: object, where: str) -> Clock:
    if isinstance(value, str) and (found := re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", value)):
        return Clock(int(found[1]) * 60 + int(found[2]))
    raise PolicyError(f'{where}: expected a time as "09:30", found {value!r}')


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"


_Timelines = dict[tuple[str, tuple[object, ...]], list[Row]]


def _timelines(rows: list[tuple[str, Row]], since: dt.date, where: str) -> _Timelines:
    """Rows of a kind and key in the order of their dates, checked to follow each other."""
    found: _Timelines = {}
    for kind, row in rows:
        found.setdefault((kind, row.key), []).append(row)
    for (kind, key), line in found.items():
        line.sort(key=lambda row: row.since)
        name = " ".join([kind, *map(str, key)]).rstrip()
        for one, then in pairwise(line):
            _follow(name, one, then, where)
    for kind in REQUIRED:
        first = found.get((kind, ()))
        if first is None:
            raise PolicyError(f"{where}: no rule {kind!r}; add a row [[{kind}]] that begins on {since} or before")
        if first[0].since > since:
            raise PolicyError(
                f"{where}, line {first[0].line}: {kind}: gap: the policy begins on {since}, this rule on "
                f"{first[0].since}; add a row from {since} on, or let the policy begin later"
            )
        if first[-1].until is not None:
            raise PolicyError(
                f"{where}, line {first[-1].line}: {kind}: gap: nothing after {first[-1].until}; "
                "leave `until` out, or add the row that follows"
            )
    return found


def _follow(name: str, one: Row, then: Row, where: str) -> None:
    at = f"{where}, line {then.line}: {name}"
    if one.until is None or one.until >= then.since:
        ends = one.until or "without end"
        raise PolicyError(
            f"{at}: overlap: since {then.since}, but the row of line {one.line} goes on ({ends}); "
            f"end that one with `until = {then.since - dt.timedelta(days=1)}`"
        )
    if one.until + dt.timedelta(days=1) < then.since:
        raise PolicyError(
            f"{at}: gap: since {then.since}, but the row of line {one.line} ends on {one.until}; every day needs a rule"
        )


def _groups(rows: list[tuple[str, Row]], where: str) -> None:
    """A group that is only in one of the three tables of the allowance is a slip of the pen: it never pays."""
    paid = {row.group for _, row in rows if isinstance(row, LsaRate)}
    capped = {row.group for _, row in rows if isinstance(row, LsaCap)}
    held = {row.group for _, row in rows if isinstance(row, LsaGroup)}
    for kind, row in rows:
        if isinstance(row, LsaGroup) and row.group not in paid | capped:
            wrong = f"{row.pay_band} {row.grade_pay} is of group {row.group!r}, which has neither rate nor cap"
        elif isinstance(row, LsaRate) and row.group not in held:
            wrong = f"no pay band is of group {row.group!r}, so nobody has this rate"
        else:
            continue
        raise PolicyError(f"{where}, line {row.line}: {kind}: {wrong}; {_nearest(row.group, sorted(paid | held))}")


def _policy(head: dict[str, Any], rows: list[tuple[str, Row]], timelines: _Timelines) -> Policy:
    changes = {head["since"]}
    for line in timelines.values():
        for row in line:
            changes.add(max(row.since, head["since"]))
            if row.until is not None and row.until >= head["since"]:
                changes.add(row.until + dt.timedelta(days=1))
    starts = tuple(sorted(changes))
    offset_min = ZONES[head["timezone"]]
    terms = tuple(_terms(f"{head['name']}/{day}", offset_min, timelines, day) for day in starts)
    return Policy(head["name"], head["title"], head["title_hi"], head["since"], tuple(rows), starts, terms)


def _terms(version: str, offset_min: int, timelines: _Timelines, day: dt.date) -> Terms:
    inside: dict[str, Any] = {}
    tables: dict[str, dict[Any, Row]] = {"lsa_rate": {}, "lsa_group": {}, "lsa_cap": {}}
    for (kind, key), line in timelines.items():
        row = next((row for row in line if row.covers(day)), None)
        if row is None:
            continue
        if kind in tables:
            tables[kind][key[0] if len(key) == 1 else key] = row
        else:
            inside[kind] = row
    return Terms(
        version,
        offset_min,
        rates=typing.cast(Any, tables["lsa_rate"]),
        groups=typing.cast(Any, tables["lsa_group"]),
        caps=typing.cast(Any, tables["lsa_cap"]),
        **inside,
    )
