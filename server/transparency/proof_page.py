"""A proof on one sheet of paper, in Hindi and English: for the person, the office and the court (S17)."""

import hashlib
from pathlib import Path

import jinja2

from server.transparency.proof import Where
from sync.code import receipt_code
from sync.verify import Found, in_words

_TEMPLATES = Path(__file__).parents[1] / "web" / "templates"
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(where: Where, found: Found, data: bytes, name: str, head: bytes, checkpoint: str) -> str:
    """The sheet as one HTML file that fetches nothing. `data` is the proof's file, `name` the register's for it."""
    return _environment.get_template("proof.html").render(
        where=where,
        code=receipt_code(head),
        name=name,
        texts={"hi": _parts(in_words(found, "hi")), "en": _parts(in_words(found, "en"))},
        digest=hashlib.sha256(data).hexdigest(),
        file=file_name(where),
        checkpoint=checkpoint,
    )


def file_name(where: Where) -> str:
    """What the file is called, without its ending."""
    return f"proof-{where.terminal}-{where.log.hex()}-{where.seq}"


def _parts(lines: list[str]) -> list[list[str]]:
    """Paragraphs: what the record says, the steps, the verdict, what is open."""
    return [part.split("\n") for part in "\n".join(lines).split("\n\n")]
