"""`hazri-server proof` and `checkpoint`: the files a proof is made of, and the statement it rests on."""

import argparse
import datetime as dt
import json
import shutil
from pathlib import Path

from server import ProofError
from server.opened import Opened
from server.transparency import notary, proof
from server.transparency.proof_page import file_name, page
from sync import chain, verify


def run(args: argparse.Namespace, opened: Opened) -> str:
    """Write the proof's file, its sheet and the verifier into `args.out`; returns what it proves, in both languages."""
    where = proof.find(opened.ledger, args.punch, _day(args.day), args.terminal)
    data, found = proof.make(opened.ledger, opened.keys.server, where, alone=args.alone)
    fields = json.loads(data)
    person = found.said.person
    name = proof.person_name(opened.ledger, person) if person else ""
    head = chain.next_head(bytes.fromhex(fields["head_before"]), bytes.fromhex(fields["record"]))
    sheet = page(where, found, data, name, head, fields["checkpoint"])
    stem = args.out / file_name(where)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        Path(f"{stem}.json").write_bytes(data)
        Path(f"{stem}.html").write_text(sheet, encoding="utf-8")
        shutil.copyfile(verify.__file__, args.out / "verify.py")
    except OSError as error:
        raise ProofError(f"{error.filename}: {error.strerror}") from None
    texts = ("\n".join(verify.in_words(found, language)) for language in ("en", "hi"))
    return "\n\n".join([*texts, f"{stem}.json\n{stem}.html"])


def checkpoint(opened: Opened) -> str:
    """The statement of everything the ledger holds now. Raises ProofError while it holds nothing."""
    made = notary.make(opened.ledger, opened.keys.server)
    if made is None:
        raise ProofError("the ledger holds no record yet")
    return made.note.rstrip("\n")


def _day(text: str | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise ProofError(f"--day: {text} is no date; expected YYYY-MM-DD") from None
