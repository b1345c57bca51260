"""What the pages of people share: what was typed, who asks and where they may, and what is wrong beside its field."""

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request, Response
from sqlalchemy import ColumnElement, Connection, and_, select
from starlette.datastructures import UploadFile

from server import PeopleError
from server.access import attempts, captcha, visitor
from server.access.scope import Scope, visible
from server.ledger.store import now_ms
from server.ledger.tables import designation, employee, office
from server.people.days import day_of
from server.people.fields import FormError
from server.web.pages import language, page
from server.web.services import Registry, Services
from server.web.words_people import PeopleWords, words

MAX_TEXT = 4000
FEW = 400  # offices that are offered in a list beside a field; of more than these the code is typed


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it came: texts without NUL, tidied at their ends; files as they are."""

    texts: Mapping[str, str]
    files: Mapping[str, tuple[UploadFile, ...]]

    def text(self, name: str) -> str:
        return self.texts.get(name, "")

    def day(self, name: str) -> dt.date:
        """Raises PeopleError."""
        try:
            return dt.date.fromisoformat(self.text(name))
        except ValueError:
            raise PeopleError(f"{name}: expected a date, YYYY-MM-DD") from None

    def file(self, name: str, most: int) -> bytes:
        """Up to one byte more than `most`; empty where none was chosen."""
        found = self.files.get(name, ())
        return found[0].file.read(most + 1) if found else b""


async def _typed(request: Request) -> AsyncIterator[Typed]:
    """What was typed; its files are closed when the answer has gone."""
    if not request.headers.get("content-type", "").startswith(("application/x-www-form", "multipart/form")):
        yield Typed({}, {})
        return
    texts: dict[str, str] = {}
    files: dict[str, tuple[UploadFile, ...]] = {}
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    files[name] = (*files.get(name, ()), value)
            elif len(value) <= MAX_TEXT or name == "draft":
                texts[name] = value.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()
        yield Typed(texts, files)


Form = Annotated[Typed, Depends(_typed)]


def parts(request: Request) -> tuple[Services, PeopleWords]:
    return request.app.state.services, words(language(request).code)


def registry(request: Request) -> Registry:
    """Raises HTTPException 404 where nobody is registered."""
    found: Registry | None = request.app.state.services.registry
    if found is None:
        raise HTTPException(404, "nobody is registered here")
    return found


actor = visitor.actor


def today() -> dt.date:
    return day_of(now_ms())


def month_of(told: str) -> dt.date:
    """The first day of a month ("2026-10"); of this one where none is told."""
    try:
        return dt.date.fromisoformat(f"{told}-01")
    except ValueError:
        return today().replace(day=1)


def show(request: Request, name: str, status: int = 200, **context: object) -> Response:
    """A page with the words of people, `p`, and what is wrong, `problems`, by field."""
    told: dict[str, object] = {"problems": {}, "done": ""}
    return page(request, name, status, p=parts(request)[1], **told | context)


def problems(error: PeopleError, p: PeopleWords, fields: Sequence[str] = ()) -> dict[str, str]:
    """What is wrong by field; under the empty name what belongs to none of `fields`."""
    if isinstance(error, FormError):
        return {one.column: p.problem(one.code, one.why, one.todo) for one in error.problems}
    name, colon, why = str(error).partition(": ")
    return {name: p.say(why)} if colon and name in fields else {"": p.say(str(error))}


def ident(told: str, what: str = "there is nothing of this name") -> bytes:
    """An id from its sixteen hexadecimal digits. Raises HTTPException 404."""
    try:
        found = bytes.fromhex(told) if len(told) == 16 else b""
    except ValueError:
        found = b""
    if len(found) != 8:
        raise HTTPException(404, what)
    return found


def office_of(connection: Connection, scope: Scope, id_: str) -> Any:
    """An office in scope. Raises HTTPException 404."""
    asked = visible(select(office), office, scope).where(office.c.id == ident(id_, "there is no such office"))
    row = connection.execute(asked).one_or_none()
    if row is None:
        raise HTTPException(404, "there is no such office")
    return row


def orgs_of(connection: Connection, scope: Scope, *, whole: bool = False) -> list[str]:
    """The organisations a scope reaches into; `whole`: those it holds from the top."""
    asked = visible(select(office.c.org).distinct(), office, scope)
    if whole:
        asked = asked.where(office.c.parent.is_(None))
    return sorted(connection.scalars(asked))


def one_of(orgs: Sequence[str], told: str) -> str:
    """The organisation that is meant; empty: there is none. Raises HTTPException 404."""
    if told and told not in orgs:
        raise HTTPException(404, "there is no such organisation")
    return told or (orgs[0] if orgs else "")


def with_names(asked: Any) -> Any:
    """Of people, their office and how they are employed: also the names of office and post, in both languages."""
    d = designation.c
    asked = asked.add_columns(office.c.name.label("at"), office.c.name_hi.label("at_hi"))
    asked = asked.add_columns(d.name.label("post"), d.name_hi.label("post_hi"))
    return asked.join(designation, held(), isouter=True)


def held() -> ColumnElement[bool]:
    """SQL for the designation of an employee."""
    return and_(designation.c.org == employee.c.org, designation.c.code == employee.c.designation)


def codes(connection: Connection, org: str) -> list[Any]:
    """The open offices of an organisation for a list beside a field, unless there are too many to send."""
    asked = select(office.c.code, office.c.name, office.c.name_hi).where(office.c.org == org, office.c.life != "closed")
    rows = connection.execute(asked.order_by(office.c.path).limit(FEW + 1)).all()
    return list(rows) if len(rows) <= FEW else []


def by_code(connection: Connection, org: str, field: str, code: str) -> bytes | None:
    """An office by its code; None: none was told. Raises PeopleError naming the field."""
    if not code:
        return None
    found = connection.scalar(select(office.c.id).where(office.c.org == org, office.c.code == code.lower()))
    if found is None:
        raise PeopleError(f"{field}: no office has this code; the page of offices lists them")
    return bytes(found)


def puzzle(request: Request, typed: Typed, what: str) -> str:
    """What is against the answer to a puzzle, or nothing. Who fails too often waits."""
    services, p = parts(request)
    keys, address, now = request.app.state.keys, visitor.address(request), now_ms()
    with services.ledger.write() as connection:
        attempt = attempts.begin(connection, keys, f"{what} {address}", address, now)
        if isinstance(attempt, int):
            return p.wait.format(n=-(-attempt // 60_000))
        if not captcha.solved(connection, keys, typed.text("puzzle"), typed.text("answer"), now):
            return p.answer_wrong
        attempts.succeeded(connection, attempt)
    return ""
