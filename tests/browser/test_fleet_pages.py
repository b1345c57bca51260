"""The pages about terminals in a real browser: an administrator's, a technician's and an auditor's day, in both
languages, on a phone and on a desk, with and without script. Everything shown is synthetic (fleet_office.py).

In the browser the server is on SQLite; the pages' questions to the ledger are proved on both (test_fleet_api.py).
"""

import csv
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select, update

from server.access.roles import Role
from server.fleet import orders
from server.ledger.store import now_ms
from server.ledger.tables import condition, incident, person, terminal, terminal_order, ticket
from sync.orders import OrderKind
from tests.browser.fleet_office import FleetOffice, fleet_office
from tests.browser.test_dashboard import CHROMIUM, FLAGS, WAIT_MS

EVIL = "<img src=x onerror=alert(1)>"
FIRST_LOAD = 100_000  # bytes at most, so that a page is there in seconds at 2G
PATHS = (
    "/",
    "/fleet",
    "/fleet/map",
    "/terminals",
    "/alarms",
    "/tickets",
    "/work",
    "/orders",
    "/rosters",
    "/rollouts",
    "/claims",
    "/search",
)


class Desk:
    """Browsers of people at the synthetic office, and what they complained of."""

    def __init__(self, site: FleetOffice, browser: Browser) -> None:
        self.site = site
        self.browser = browser
        self.complaints: list[str] = []

    def page(
        self, role: Role, level: str = "district", *, width: int = 1280, language: str = "en", script: bool = True
    ) -> Page:
        """Somebody with just this role at the first place of a level, logged in."""
        view = {"width": width, "height": 900}
        context = self.browser.new_context(viewport=view, locale=language, java_script_enabled=script)  # type: ignore[arg-type]
        cookie = self.site.cookie(role, self.site.places[level], f"Synthetic {role}")
        context.add_cookies([{"name": "hazri", "value": cookie, "url": self.site.url}])
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        return page

    def client(self, role: Role, level: str = "district") -> httpx.Client:
        cookie = self.site.cookie(role, self.site.places[level], f"Synthetic {role}")
        return httpx.Client(base_url=self.site.url, cookies={"hazri": cookie}, timeout=30)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with fleet_office(tmp_path_factory.mktemp("fleet")) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        made = Desk(site, browser)
        yield made
        browser.close()
        # Chromium says every answer of 400 and more in its console; nothing else may be there.
        assert [text for text in made.complaints if "Failed to load resource" not in text] == []


def test_an_administrators_day(desk: Desk) -> None:
    """From the district down to a terminal that ails, a command, and what came of it (R2.6, S8)."""
    page = desk.page(Role.DISTRICT_ADMIN)
    page.goto(f"{desk.site.url}/")
    page.get_by_role("link", name="Fleet").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sample District 1")
    page.locator("#fleet-below").get_by_role("link").first.click()
    expect(page.locator(".crumbs")).to_contain_text("Sample District 1")
    page.locator("#fleet-below").get_by_role("link", name="Open tickets").click()
    expect(page.get_by_role("columnheader", name="Open tickets")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("navigation", name="Parts of the fleet").get_by_role("link", name="Terminals").click()
    page.get_by_role("columnheader", name="Status").get_by_role("link").click()
    page.get_by_label("Condition").select_option("fail")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("level=fail"))
    expect(page.get_by_role("columnheader", name="Status")).to_have_attribute("aria-sort", "descending")
    rows = page.locator("#terminal-list tbody tr")
    expect(rows.first).to_be_visible()
    expect(page.locator("#terminal-list .lv-ok")).to_have_count(0)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as CSV").click()
    assert saved.value.suggested_filename == "terminals.csv"
    rows.first.get_by_role("link").first.click()
    expect(page.locator("#wrong")).to_contain_text("What is wrong")
    expect(page.locator(".timeline svg.band")).to_have_count(7)
    page.get_by_role("button", name="Self-test").click()
    expect(page.get_by_role("status").filter(has_text="Asked.")).to_be_visible()
    row = page.locator("#order-list tbody tr").first
    expect(row).to_contain_text("Self-test")
    expect(row).to_contain_text("asked")
    expect(row).to_contain_text("Synthetic district_admin")


def test_a_terminal_is_looked_after_by_its_administrator(desk: Desk) -> None:
    """Kept aside and believed again with a reason, its settings a version further: all of it in its history (S7)."""
    page = desk.page(Role.DISTRICT_ADMIN)
    page.goto(f"{desk.site.url}/terminals")
    page.locator("#terminal-list tbody tr").first.get_by_role("link").first.click()
    page.get_by_role("link", name="Look after it").click()
    for step, why in (("Keep it aside", "seen in another building"), ("Believe it (again)", "it is back")):
        page.locator("#become").select_option(label=step)
        page.locator("#state-why").fill(why)
        page.get_by_role("button", name="Change its standing").click()
        expect(page.get_by_role("status").filter(has_text="Written down")).to_be_visible()
    page.locator("#settings").fill("volume = ")
    page.get_by_role("button", name="It should have these").click()
    expect(page.get_by_role("alert")).to_contain_text("not TOML")
    page.locator("#settings").fill("volume = 3")
    page.get_by_role("button", name="It should have these").click()
    page.get_by_text("Versions").click()
    expect(page.locator("details code").first).to_have_text("volume = 3")
    page.locator("h1 a").click()
    history = page.locator("section").filter(has_text="History").last
    for told in ("seen in another building", "it is back", "Synthetic district_admin"):
        expect(history).to_contain_text(told)


def test_a_terminals_page_follows_what_happens_without_reload(desk: Desk) -> None:
    page = desk.page(Role.DISTRICT_ADMIN)
    one = _theirs(desk)
    with desk.site.ledger.write() as connection:
        number = orders.ask(connection, one, OrderKind.LOCATE, {"seconds": 30}, actor="test")
    page.goto(f"{desk.site.url}/terminals/{one}")
    page.wait_for_selector("#link.live")
    page.evaluate("window.stillHere = true")
    page.wait_for_timeout(6_000)  # its first look is taken
    mine = terminal_order.c.terminal == one, terminal_order.c.number == number
    with desk.site.ledger.write() as connection:
        done = {"sent_ms": now_ms(), "done_ms": now_ms(), "result": "done", "log": bytes(8), "seq": 9}
        connection.execute(update(terminal_order).where(*mine).values(**done))
    expect(page.locator("#order-list tbody tr").first).to_contain_text("done", timeout=WAIT_MS)
    assert page.evaluate("window.stillHere") is True


def test_wiping_asks_again_and_wants_the_number_typed(desk: Desk) -> None:
    """S8."""
    page = desk.page(Role.DISTRICT_ADMIN)
    one = _theirs(desk, 1)
    page.goto(f"{desk.site.url}/terminals/{one}")
    page.get_by_role("link", name="Wipe").click()
    page.get_by_label("Type its number").fill("yes")
    page.get_by_role("button", name="Wipe").click()
    expect(page.get_by_role("alert").first).to_contain_text("Nothing was done")
    assert _wipes(desk, one) == 0
    page.get_by_label("Type its number").fill(one)
    page.get_by_role("button", name="Wipe").click()
    page.wait_for_url("**/terminals/*given=1*")
    assert _wipes(desk, one) == 1


def test_a_technicians_day_on_a_phone_in_hindi(desk: Desk) -> None:
    """Takes a ticket, runs the self-test, and cannot close without evidence (R2.6)."""
    page = desk.page(Role.TECHNICIAN, "state", width=390, language="hi")
    page.goto(f"{desk.site.url}/")
    page.wait_for_url("**/work")  # who may not watch punches is led to what they are to do
    job = page.locator(".job").filter(has=page.get_by_role("button", name="मैं देखता हूँ")).first
    title = job.get_by_role("heading").inner_text()
    job.get_by_text("QR कोड").click()
    code = job.locator("img.code")
    expect(code).to_be_visible()
    page.wait_for_function("one => one.complete && one.naturalWidth > 0", arg=code.element_handle())
    job.get_by_role("button", name="मैं देखता हूँ").click()
    page.wait_for_url("**/work")
    taken = page.locator(".job").filter(has_text="Synthetic technician").first
    expect(taken).to_contain_text(title)
    taken.get_by_role("button", name="बंद करें").click()
    expect(page.get_by_role("alert")).to_contain_text("स्व-जाँच पास")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_an_auditors_day_reads_all_and_changes_nothing(desk: Desk) -> None:
    page = desk.page(Role.AUDITOR, "state")
    for path in ("/fleet", "/terminals", "/alarms", "/tickets", "/orders", "/rosters"):
        answer = page.goto(f"{desk.site.url}{path}")
        assert answer is not None
        assert answer.status == 200
        assert page.locator("main form[method=post]").count() == 0, path
    page.goto(f"{desk.site.url}/tickets")
    page.locator("#ticket-list tbody tr a").first.click()
    page.wait_for_url("**/tickets/*")
    assert page.locator("main form[method=post]").count() == 0
    page.goto(f"{desk.site.url}/terminals/{desk.site.ids[0]}")
    assert page.locator("main form[method=post]").count() == 0
    for path in ("/work", "/claims"):
        answer = page.goto(f"{desk.site.url}{path}")
        assert answer is not None
        assert answer.status == 403


def test_a_search_finds_people_and_writes_no_name_into_any_address(desk: Desk) -> None:
    with desk.site.ledger.write() as connection:
        ref = connection.scalar(select(person.c.ref).where(person.c.office.is_not(None)).order_by(person.c.ref))
        connection.execute(update(person).where(person.c.ref == ref).values(name=f"{EVIL} Synthetic"))
    page = desk.page(Role.STATE_ADMIN, "state")
    page.goto(f"{desk.site.url}/fleet")
    page.get_by_role("link", name="Search").click()
    page.get_by_label("Terminal, office or person").fill("onerror")
    page.keyboard.press("Enter")
    expect(page.locator("#found-p")).to_be_visible()
    assert page.url.endswith("/search")
    assert page.locator("main img").count() == 0
    assert EVIL in page.locator("main").inner_text()
    page.get_by_label("Terminal, office or person").fill(desk.site.ids[3])
    page.keyboard.press("Enter")
    page.get_by_role("link", name=desk.site.ids[3]).click()
    page.wait_for_url(f"**/terminals/{desk.site.ids[3]}")


def test_what_devices_call_themselves_is_inert_and_no_formula(desk: Desk) -> None:
    one = _theirs(desk, 2)
    with desk.site.ledger.write() as connection:
        values = {"name": EVIL, "place": "=HYPERLINK(1)"}
        connection.execute(update(terminal).where(terminal.c.id == one).values(**values))
        connection.execute(update(condition).where(condition.c.terminal == one).values(detail=EVIL))
    page = desk.page(Role.DISTRICT_ADMIN)
    for path in (f"/terminals/{one}", f"/terminals?q={one}", "/alarms", f"/terminals/{one}/label"):
        page.goto(f"{desk.site.url}{path}")
        assert page.locator("main img[src=x]").count() == 0
    with desk.client(Role.DISTRICT_ADMIN) as client:
        for path in (f"/terminals.csv?q={one}", "/rosters.csv"):
            lines = client.get(path).text
            assert ",'=HYPERLINK(1)," in lines
            assert ",=HYPERLINK" not in lines


def test_lists_are_saved_whole_and_as_they_are_asked_for(desk: Desk) -> None:
    """A page shows fifty; the file is all of it, of the same places."""
    with desk.client(Role.STATE_ADMIN, "state") as whole, desk.client(Role.DISTRICT_ADMIN) as part:
        saved = {
            path: [list(csv.DictReader(io.StringIO(one.get(path).text.lstrip("\ufeff")))) for one in (whole, part)]
            for path in ("/alarms.csv", "/alarms.csv?which=closed", "/rosters.csv", "/rosters.csv?lag=1")
        }
    with desk.site.ledger.read() as connection:
        active = set(connection.scalars(select(terminal.c.id).where(terminal.c.state == "active")))
        alarms = connection.execute(select(incident.c.terminal, incident.c.kind).where(incident.c.closed_ms.is_(None)))
        assert sorted((one["terminal"], one["kind"]) for one in saved["/alarms.csv"][0]) == sorted(map(tuple, alarms))
    assert saved["/alarms.csv?which=closed"][0] == []
    everybody, behind = saved["/rosters.csv"][0], saved["/rosters.csv?lag=1"][0]
    assert {one["terminal"] for one in everybody} == active
    assert behind == [one for one in everybody if int(one["roster"]) < int(one["roster wanted"])] != []
    for all_of_it, theirs in saved.values():
        assert all(one in all_of_it for one in theirs)
    assert 0 < len(saved["/rosters.csv"][1]) < len(everybody)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_page_fits_is_light_and_sound_for_a_screen_reader(desk: Desk, width: int, language: str) -> None:
    page = desk.page(Role.STATE_ADMIN, "state", width=width, language=language)
    for path in (*PATHS, *_single(desk)):
        page.goto(f"{desk.site.url}{path}", wait_until="load")
        assert page.evaluate("document.documentElement.lang") == language
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over == 0, path
        assert page.evaluate(_UNSOUND) == [], path
        if (width, language) == (390, "hi"):  # Hindi takes three bytes a letter: the heavier of the two
            weight = _weight(desk, page, path)
            assert weight < FIRST_LOAD, (path, weight)
        if folder := os.environ.get("HAZRI_PICTURES"):
            name = re.sub(r"\W+", "-", path).strip("-")
            page.screenshot(path=str(Path(folder) / f"{name}-{language}-{width}.png"), full_page=True)


def test_everything_works_by_keyboard_alone(desk: Desk) -> None:
    page = desk.page(Role.STATE_ADMIN, "state")
    page.goto(f"{desk.site.url}/terminals")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.get_by_label("Name or number").focus()
    page.keyboard.type("000016")
    page.keyboard.press("Enter")
    page.wait_for_url("**/terminals?*")
    expect(page.locator("#terminal-list tbody tr")).to_have_count(1)
    page.goto(f"{desk.site.url}/fleet/map")
    page.locator("svg.map a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/fleet/map?office=*")


def test_everything_works_without_script(desk: Desk) -> None:
    page = desk.page(Role.DISTRICT_ADMIN, script=False)
    page.goto(f"{desk.site.url}/terminals?sort=level")
    page.locator("#terminal-list tbody tr a").first.click()
    page.get_by_role("button", name="Show yourself").click()
    expect(page.locator("#order-list tbody tr").first).to_contain_text("Show yourself")
    page.goto(f"{desk.site.url}/alarms")
    page.get_by_role("button", name="I have seen it").first.click()
    expect(page.locator("#alarm-list")).to_contain_text("Synthetic district_admin")


def test_pages_of_a_long_list_follow_each_other(desk: Desk) -> None:
    page = desk.page(Role.STATE_ADMIN, "state")
    page.goto(f"{desk.site.url}/terminals")
    seen: list[str] = []
    while True:
        seen += page.locator("#terminal-list tbody th a").all_inner_texts()
        if not page.get_by_role("link", name="Next").count():
            break
        page.get_by_role("link", name="Next").click()
        page.wait_for_load_state()
    assert seen == sorted(desk.site.ids)


def _theirs(desk: Desk, n: int = 0) -> str:
    """An active terminal of the district."""
    with desk.client(Role.DISTRICT_ADMIN) as client:
        found = re.findall(r'class="id" href="/terminals/([a-z0-9-]+)"', client.get("/terminals?state=active").text)
    return str(found[-1 - n])


def _wipes(desk: Desk, one: str) -> int:
    wipes = terminal_order.c.terminal == one, terminal_order.c.kind == int(OrderKind.WIPE)
    with desk.site.ledger.read() as connection:
        return len(connection.execute(select(terminal_order).where(*wipes)).all())


def _single(desk: Desk) -> list[str]:
    """Pages of one thing."""
    with desk.site.ledger.read() as connection:
        one = connection.execute(select(ticket).order_by(ticket.c.due_ms)).first()
    assert one is not None
    mine = f"/terminals/{one.terminal}"
    return [mine, f"{mine}?days=31", f"{mine}/wipe", f"{mine}/manage", f"{mine}/label", f"/tickets/{one.id.hex()}"]


def _weight(desk: Desk, page: Page, path: str) -> int:
    """Bytes of the page and of all it loads, but for the stream."""
    loaded = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}  # type: ignore[typeddict-item]
    with httpx.Client(base_url=desk.site.url, cookies=cookies, timeout=30) as client:
        assets = {url for url in loaded if "/live" not in url}
        return sum(len(client.get(url).content) for url in (path, *assets))


# Every field and button says what it is, every picture and drawing as well; ids are unique; headings skip no level.
_UNSOUND = """() => {
  const bad = [];
  const all = (what) => [...document.querySelectorAll(what)];
  for (const one of all('input:not([type=hidden]), select, textarea'))
    if (!one.labels.length && !one.getAttribute('aria-label')) bad.push('label ' + one.name);
  for (const one of all('button, a[href]'))
    if (!(one.textContent.trim() || one.getAttribute('aria-label'))) bad.push('name ' + one.outerHTML);
  for (const one of all('img')) if (!one.hasAttribute('alt')) bad.push('alt ' + one.src);
  for (const one of all('svg')) if (!one.getAttribute('aria-label')) bad.push('svg ' + one.className.baseVal);
  for (const one of all('main nav')) if (!one.getAttribute('aria-label')) bad.push('nav ' + one.className);
  const ids = all('[id]').map((one) => one.id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) bad.push('id ' + id);
  for (const one of all('[aria-labelledby], [aria-describedby]'))
    for (const id of (one.getAttribute('aria-labelledby') || one.getAttribute('aria-describedby')).split(' '))
      if (!document.getElementById(id)) bad.push('no ' + id);
  const levels = all('h1, h2, h3, h4').map((one) => Number(one.tagName[1]));
  if (levels.filter((one) => one === 1).length !== 1) bad.push('h1 ' + levels);
  for (const one of all('[style], script:not([src])')) bad.push('inline ' + one.tagName);
  return bad;
}"""
