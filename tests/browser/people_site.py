"""A running server with a synthetic department, an account of each role, and a browser that keeps what was shown."""

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, Page, expect
from sqlalchemy import insert, update

from server.access import sessions
from server.access.captcha import _NUMBERS
from server.access.roles import Role
from server.access.sessions import Strength, View
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import account, account_grant, account_session
from tests.browser.test_dashboard import WAIT_MS
from tests.unit.server.applicants import jpeg, number
from tests.unit.server.process import Server

ORG = "sample-7"
STATE, DISTRICT, ZONE, SCHOOL, LIVE = "/st/", "/st/d1/", "/st/d1/z1/", "/st/d1/z1/s1/", "/st/d1/z1/s2/"
PICTURE: FilePayload = {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
WIDTHS = (390, 1280)
HOLDS = {
    "nodal": (Role.NODAL_OFFICER, DISTRICT),
    "admin": (Role.STATE_ADMIN, STATE),
    "issuer": (Role.ORDER_ISSUER, DISTRICT),
    "head": (Role.BRANCH_HEAD, SCHOOL),
    "section": (Role.SECTION_OFFICER, LIVE),
    "branch": (Role.BRANCH_HEAD, LIVE),
    "wing": (Role.ADMINISTRATION_WING, LIVE),
    "authority": (Role.SANCTIONING_AUTHORITY, LIVE),
    "reporting": (Role.REPORTING_OFFICER, LIVE),
    "auditor": (Role.AUDITOR, DISTRICT),
    "district": (Role.DISTRICT_ADMIN, DISTRICT),
    "zonal": (Role.ZONAL_CUSTODIAN, ZONE),
    "custodian": (Role.OFFICE_CUSTODIAN, LIVE),
    "officer": (Role.BRANCH_OFFICER, LIVE),
    "drawing": (Role.DRAWING_OFFICER, LIVE),
    "scheme": (Role.SCHEME_INCHARGE, DISTRICT),
}


class Site:
    """A running server with a synthetic department and an account of each role."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server, self.browser = server, browser
        # Where to keep pictures of every page, for whoever wants to look.
        self.shots = Path(os.environ["HAZRI_SHOTS"]) if os.environ.get("HAZRI_SHOTS") else None
        self.complaints: list[str] = []
        made = server.command("synthetic", "--schools", "3", "--seed", "7")
        assert made.returncode == 0, made.stderr

    def page(self, who: str = "", width: int = 1280, language: str = "en") -> Page:
        """Logged in as one of HOLDS, as if by password and second factor; empty: a stranger."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, locale=language)
        if who:
            context.add_cookies([{"name": "hazri", "value": self.cookie(*HOLDS[who]), "url": self.server.url}])
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def cookie(self, role: Role, path: str) -> str:
        ledger = Ledger(f"sqlite:///{self.server.ledger}")
        id_, now = os.urandom(8), now_ms()
        row = {"id": id_, "login": f"sample.{id_.hex()}", "name": f"Sample {role.value}", "org": ORG, "path": path}
        more = {"person": None, "designation": "", "mobile": None, "password": None, "totp": None, "totp_step": 0}
        given = {"id": os.urandom(8), "account": id_, "role": role, "org": ORG, "path": path, "from_ms": now - 1}
        why = {"given_by": "test", "reason": "test", "exception": "test", "ended_by": "", "ended_reason": ""}
        with ledger.write() as connection:
            connection.execute(insert(account).values(**row, **more, state="active", made_ms=now))
            connection.execute(insert(account_grant).values(**given, **why, to_ms=None))
            cookie = sessions.open_(connection, id_, Strength.FULL, bytes(8), "test", now)
            own = account_session.c.hash == sessions.digest(cookie)
            connection.execute(update(account_session).where(own).values(view=View.MANAGEMENT))
        ledger.close()
        return cookie

    def ask(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.server.ledger)) as connection:
            return connection.execute(sql, values).fetchall()

    def shot(self, page: Page, name: str) -> None:
        """What a person sees fits the width, and every field says what it is."""
        page.wait_for_load_state()  # all of it is there, not only what was awaited
        if self.shots:
            page.screenshot(path=str(self.shots / f"{name}.png"), full_page=True)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over == 0, f"{name}: {over} pixels too wide"
        unnamed = (
            "[...document.querySelectorAll('input:not([type=hidden]),select')].filter(i => !i.labels.length).length"
        )
        assert page.evaluate(unnamed) == 0, f"{name}: a field without its label"
        dangling = (
            "[...document.querySelectorAll('[aria-describedby]')].flatMap(e => e.getAttribute('aria-describedby')"
            ".split(' ')).filter(id => !document.getElementById(id)).length"
        )
        assert page.evaluate(dangling) == 0, f"{name}: described by what is not there"


def solve(page: Page) -> None:
    """The puzzle, as a reader would."""
    text = page.locator("label[for=answer]").inner_text().partition(":")[2].casefold()
    spoken = _NUMBERS[page.evaluate("document.documentElement.lang")]
    a, b, c = (spoken.index(word) for word in re.split(r"[\s,.:?।]+", text) if word in spoken)
    page.locator("#answer").fill(str(a + b - c))


def fill(page: Page, n: int = 1, **changed: str) -> None:
    told = {"name": f"Sample Applicant {n}", "born_on": "05-11-1984", "email": f"sample{n}@example.invalid"}
    told |= {"mobile": f"9{n:09d}", "aadhaar": number(n)} | changed
    for name, value in told.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#gender").select_option("female")
    page.locator("#employee_type").select_option("government")
    page.locator("#division").select_option("teaching")
    page.locator("#designation").select_option("teacher")
    page.locator("#photo").set_input_files(PICTURE)
    page.locator("#agree").check()


def register(site: Site, n: int, path: str = f"/register/{ORG}/s1") -> str:
    page = site.page()
    page.goto(f"{site.server.url}{path}")
    fill(page, n)
    solve(page)
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Send the registration").click()
    one = page.locator("#registration").inner_text()
    page.context.close()
    return one


def entered_at_the_console(site: Site, person: str) -> None:
    """R6.3: a reporting officer reads it in the ledger, on the person's page and in the list, and enters nothing."""
    told = site.server.command(
        "service", "record", ORG, person.rpartition("/")[2], "suspension", "--order", "C/1", "--on", "2030-01-01"
    )
    assert "entered at the console" in told.stdout, told.stderr
    page = site.page("auditor")
    for path in ("/service", person, "/service/late"):
        page.goto(f"{site.server.url}{path}")
        expect(page.get_by_text("At the console").first).to_be_visible()
    expect(page.get_by_role("button", name="Write it down")).to_have_count(0)
    page.goto(f"{site.server.url}{person}?kind=promotion")
    expect(page.locator("#kind")).to_have_count(0)
    page.context.close()
    page = site.page("nodal")
    page.goto(f"{site.server.url}/people/{person.rpartition('/')[2]}")
    expect(page.get_by_text("Out of rule")).to_be_visible()
    page.context.close()


def life_of_an_office(page: Page) -> None:
    """R6.8: upgraded, with sanctioned posts, merged and opened again; each says what it did."""

    def happens(kind: str, order: str, **fields: str) -> None:
        page.get_by_role("link", name=kind, exact=True).click()
        for name, value in fields.items():
            field = page.locator(f"#{name}")
            field.select_option(value) if name in ("grade", "designation") else field.fill(value)
        page.locator("#order_no").fill(order)
        page.get_by_role("button", name="Write it down").click()

    happens("Upgraded", "3/2026", grade="high")
    happens("Sanctioned posts", "4/2026", designation="lecturer", posts="5")
    expect(page.locator("dl")).to_contain_text("5 sanctioned, 0 posted")
    happens("Merged", "5/2026", into="s1")
    history = page.locator("ol.line")
    for said in ("High school", ": 5", "Sample School"):
        expect(history).to_contain_text(said)
    expect(page.locator("h1")).to_contain_text("Closed")
    expect(page.get_by_role("link", name="Stage", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Opened", exact=True).click()
    page.locator("#on").fill("2030-01-01")
    page.locator("#order_no").fill("6/2026")
    page.get_by_role("button", name="Write it down").click()
    expect(history).to_contain_text("6/2026")
