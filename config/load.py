"""From a TOML file to a frozen dataclass, with errors a technician can act on."""

import dataclasses
import difflib
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

from config import ConfigError

T = TypeVar("T")


def load(kind: type[T], path: Path) -> T:
    """Read `path` into `kind`; keys left out take their defaults. Raises ConfigError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `--config FILE` names another") from None
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    return build(kind, table, str(path))


def build(kind: type[T], table: dict[str, Any], where: str) -> T:
    """Fill a dataclass from a table. `where` opens each message. Raises ConfigError."""
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # always a dataclass here
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(fields)}"
            raise ConfigError(f"{where}: unknown key {key!r}; {hint}")
    values = {}
    for name, spec in fields.items():
        if name in table:
            values[name] = _value(hints[name], table[name], f"{where}: {name}")
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}: missing key {name!r}")
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def _value(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type[Any], hint), _of(dict, value, where, "a table"), where)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        items = _of(list, value, where, "an array")
        return tuple(_value(args[0], item, f"{where}[{i}]") for i, item in enumerate(items))
    if origin is dict:
        return {k: _value(args[1], v, f"{where}.{k}") for k, v in _of(dict, value, where, "a table").items()}
    if origin in (typing.Union, types.UnionType):
        if isinstance(value, bool) or not isinstance(value, tuple(a for a in args if isinstance(a, type))):
            raise ConfigError(f"{where}: {value!r} is of the wrong type")
        return value
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{where}: a NUL character")
    if hint is Path:
        return Path(_of(str, value, where, "a path in quotes"))
    if hint is float:
        return float(_of((int, float), value, where, "a number"))
    return _of(hint, value, where, {int: "a whole number", str: "a text in quotes", bool: "true or false"}[hint])


def _of(kind: Any, value: Any, where: str, wanted: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{where}: expected {wanted}, found {value!r}")
    return value
