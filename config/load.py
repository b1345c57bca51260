"""From a TOML file to a frozen dataclass, with errors a technician can act on."""

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

from config import ConfigError

T = TypeVar("T")


def load(kind: type[T], path: Path) -> T:
    """Read `path` into `kind`; keys left out take their defaults, paths count from its folder. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `--config FILE` names another") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    return typing.cast(T, _from(path.absolute().parent, _build(kind, table_of(text, str(path)), str(path))))


def table_of(text: str, where: str) -> dict[str, Any]:
    """Raises ConfigError."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{where}: tables within tables without end") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}") from None


def there(path: Path) -> bool:
    """Whether the file is there; one that nobody may look for is, and `load` says why it cannot be read."""
    try:
        return path.exists()
    except OSError:
        return True


def _from(folder: Path, value: Any) -> Any:
    """The same, with every path counted from this folder."""
    if isinstance(value, Path):
        return folder / value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {field.name: _from(folder, getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **found)
    return value


def _build(kind: type[T], table: dict[str, Any], where: str) -> T:
    """Fill a dataclass from a table. `where` opens each message."""
    fields = {f.name: f for f in dataclasses.fields(kind)}  # type: ignore[arg-type]  # always a dataclass here
    hints = typing.get_type_hints(kind)
    for key in table:
        known(key, fields, where)
    values = {}
    for name, spec in fields.items():
        if name in table:
            values[name] = value_of(hints[name], table[name], f"{where}: {name}")
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}: missing key {name!r}")
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def known(key: str, keys: Collection[str], where: str) -> None:
    """Raises ConfigError, with what may have been meant."""
    if key not in keys:
        near = difflib.get_close_matches(key, keys, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(keys)}"
        raise ConfigError(f"{where}: unknown key {key!r}; {hint}")


def value_of(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), _of(dict, value, where, "a table"), where)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        items = _of(list, value, where, "an array")
        return tuple(value_of(args[0], item, f"{where}[{i}]") for i, item in enumerate(items))
    if origin is dict:
        return {k: value_of(args[1], v, f"{where}.{k}") for k, v in _of(dict, value, where, "a table").items()}
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{where}: a NUL character")
    if Path in (hint, *args):
        given = _of(str, value, where, "a path in quotes")
        if not given and not args:
            raise ConfigError(f"{where}: expected a path, found nothing")
        return Path(given) if given else None
    if origin in (typing.Union, types.UnionType):
        if isinstance(value, bool) or not isinstance(value, tuple(a for a in args if isinstance(a, type))):
            raise ConfigError(f"{where}: {value!r} is of the wrong type")
        return value
    if hint is float:
        return float(_of((int, float), value, where, "a number"))
    return _of(hint, value, where, {int: "a whole number", str: "a text in quotes", bool: "true or false"}[hint])


def _of(kind: Any, value: Any, where: str, wanted: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{where}: expected {wanted}, found {value!r}")
    return value
