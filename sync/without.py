"""A library without a part of Python that it names and we never have it use, where memory is short."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without(name: str) -> Iterator[None]:
    """What is imported in here finds an empty module of this name, unless the true one was loaded before; who imports
    it later gets the true one. Only for what is not asked of it: the library would raise AttributeError."""
    loaded = name in sys.modules
    if not loaded:
        sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        if not loaded:
            del sys.modules[name]
