"""Hostile requests: what the OpenAPI document allows and what it does not, forms too large or not ours, names made of
markup. Whatever comes, nothing here fails: no answer is a 500.
"""

import json
from collections.abc import AsyncIterator, Iterator

import argon2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from server.access import matrix, passwords
from server.access.gate import FORM_FIELD
from server.access.roles import Role
from server.access.scope import EVERYWHERE
from server.ledger.tables import account
from server.web.app import ROUTERS, openapi
from server.web.around import MAX_BODY
from tests.databases import fresh_url
from tests.unit.server.world import OWN, World, world

_FEW = settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SCHEMA = schemathesis.openapi.from_dict(openapi())
OPERATIONS = [one.ok() for one in SCHEMA.get_all_operations()]
FORMS = [row for row in matrix.rows(ROUTERS) if row.method == "POST" and not row.path.startswith("/api/")]
TEXTS = st.text(st.characters(exclude_categories=()), max_size=80) | st.sampled_from(
    ["\0", "'; DROP TABLE account; --", "<script>alert(1)</script>", "=1+1", "../../etc/passwd", "{{7*7}}", "9" * 400]
)
FIELDS = ["name", "login", "password", "code", "digits", "puzzle", "answer", "secret", "role", "where", "until", "view"]
FIELDS += [
    "reason",
    "exception",
    "old",
    "new",
    "again",
    "which",
    "why",
    "disabled",
    "ask",
    "token",
    "mobile",
    "designation",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world"), fresh_url(database)) as one:
        yield one


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys.cache_clear()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_nothing_the_document_allows_or_forbids_is_a_500(made: World, operation: schemathesis.APIOperation) -> None:
    """Made by schemathesis from the whole document."""
    callers = [made.visitor(Role.STATE_ADMIN, EVERYWHERE), made.visitor(Role.CENTRAL_PULLER, OWN)]

    def ask(case: schemathesis.Case) -> None:
        sent = case.as_transport_kwargs(base_url="http://hazri.test")
        for caller in callers:
            answer = caller.ask(case.method, sent["url"], params=sent.get("params"), json=sent.get("json"))
            assert answer.status_code < 500 or answer.status_code == 503, (sent["url"], answer.text)
            assert answer.headers["content-security-policy"]

    modes = [schemathesis.GenerationMode.POSITIVE]
    if list(operation.iter_parameters()):  # without any there is nothing that could be wrong
        modes.append(schemathesis.GenerationMode.NEGATIVE)
    for mode in modes:
        _FEW(given(case=operation.as_strategy(generation_mode=mode))(ask))()


@pytest.mark.parametrize("row", FORMS, ids=lambda row: row.path)
def test_no_form_is_a_500(made: World, row: matrix.Row) -> None:
    _try_form(made, row)


def _try_form(made: World, row: matrix.Row) -> None:
    role = Role.STATE_ADMIN
    mine = made.account(role, EVERYWHERE).hex()

    @_FEW
    @given(st.dictionaries(st.sampled_from(FIELDS), TEXTS, max_size=8))
    def ask(fields: dict[str, str]) -> None:
        caller = made.visitor(role, EVERYWHERE)  # a form may end the session
        path = row.path.replace("{id_}", mine).replace("{grant}", mine).replace("{task}", mine)
        plain = {name: text.encode("utf-8", "replace").decode() for name, text in fields.items()}
        answer = caller.post(path, **plain)
        assert answer.status_code < 500, answer.text

    ask()


@pytest.mark.parametrize("path", ["/login", "/enter", "/me/login", "/accounts", "/account/password"])
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"name=" + b"x" * MAX_BODY, "application/x-www-form-urlencoded", {413}),
        (b"&".join(b"a%d=1" % n for n in range(5000)), "application/x-www-form-urlencoded", {200, 400, 403, 413, 429}),
        (b"name=%ff%fe&password=%00", "application/x-www-form-urlencoded", {200, 400, 403, 429}),
        (b"nonsense", "multipart/form-data", {200, 400, 403, 422, 429}),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", {200, 400, 403, 422, 429}),
        (b"{" * 1000, "application/json", {200, 400, 403, 422, 429}),
    ],
    ids=["too large", "many fields", "not text", "no boundary", "half a part", "not a form"],
)
def test_a_body_that_is_no_form_is_refused(made: World, path: str, body: bytes, kind: str, status: set[int]) -> None:
    caller = made.visitor(Role.STATE_ADMIN, EVERYWHERE)
    answer = caller.ask("POST", path, content=body, headers={"content-type": kind})
    assert answer.status_code in status, answer.text


def test_a_body_that_does_not_say_how_long_it_is_is_cut_off(made: World) -> None:
    sent = []

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            sent.append(4096)
            yield b"x" * 4096

    caller = made.visitor(Role.STATE_ADMIN, EVERYWHERE)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert caller.ask("POST", "/login", content=endless(), headers=kind).status_code in (400, 413)
    assert sum(sent) <= MAX_BODY + 4096


def test_a_name_made_of_markup_is_text_on_every_page(made: World) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    which = made.account(Role.TECHNICIAN, OWN)
    with made.running.ledger.write() as connection:
        connection.execute(update(account).where(account.c.id == which).values(name=evil, designation=evil))
    caller = made.visitor(Role.STATE_ADMIN, EVERYWHERE)
    for path in ("/accounts", f"/accounts/{which.hex()}", "/custody"):
        text = caller.one(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;" in caller.post("/accounts/find", q="<script>").text
    caller.cookie = made.session(which)
    assert "&lt;script&gt;" in caller.one("/account").text


def test_a_form_from_elsewhere_is_refused_even_with_its_token(made: World) -> None:
    from server.access import sessions

    caller = made.visitor(Role.STATE_ADMIN, EVERYWHERE)
    data = {FORM_FIELD: sessions.csrf(caller.cookie), "login": "x"}
    told = caller.ask("POST", "/accounts", data=data, headers={"origin": "https://elsewhere.example"})
    assert told.status_code == 403
    told = caller.ask("POST", "/login", data=data, headers={"origin": "https://elsewhere.example"})
    assert told.status_code == 403


def test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts(made: World) -> None:
    from server.trust import tokens

    token = tokens.make(made.running.ledger, "test", tokens.Scope.DASHBOARD, 1)
    for base, name in (("http://hazri.test", "hazri"), ("https://hazri.test", "__Host-hazri")):
        told = made.visitor(Role.CENTRAL_PULLER, OWN).ask("POST", f"{base}/enter", data={"token": token})
        cookie = told.headers["set-cookie"]
        assert cookie.startswith(f"{name}=")
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert ("Secure" in cookie) is base.startswith("https")
        assert "Domain" not in cookie


def test_reads_of_personal_data_are_on_the_trail_with_their_result(made: World) -> None:
    caller = made.visitor(Role.STATE_ADMIN, EVERYWHERE)
    caller.one("/api/v1/punches?limit=7&person=Synthetic%20Name&digits=123456")
    caller.one("/trail")
    caller.one("/healthz")
    text = made.visitor(Role.AUDITOR, EVERYWHERE).one("/trail").text
    assert "GET /api/v1/punches" in text
    assert "limit=7" in text
    assert "State admin</span>" in text  # the role in which it was read
    assert "Synthetic Name" not in text
    assert "Synthetic%20" not in text
    assert "123456" not in text
    assert "403" in text
    assert "healthz" not in text
    assert "✓" in text


def test_the_document_holds_nothing_that_is_not_json() -> None:
    assert json.loads(json.dumps(openapi()))["openapi"].startswith("3.")
