"""The public pages in a real browser: phone and desktop, Hindi and English, by keyboard, for a screen reader, without
script, and within what a 2G line carries (R5.1–R5.9). Chromium is Debian's, headless. All people are synthetic.
"""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from server.feed import Feed
from server.run import start_web
from server.web.services import Services
from sync.record import Kind
from tests.unit.server.public_site import Site, at, built, copied

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
BASE = "/public/sample-5"
PATHS = {
    "home": BASE,
    "offices": f"{BASE}/offices",
    "attendance": f"{BASE}/attendance?q=school+002",
    "office": f"{BASE}/office/s2",
    "qr": f"{BASE}/office/s2/qr",
    "districts": f"{BASE}/districts",
    "ranks": f"{BASE}/ranks",
    "report": f"{BASE}/report",
}
WIDTHS = {"phone": 360, "desktop": 1280}
PICTURES = os.environ.get("HAZRI_PICTURES")  # a folder: leave pictures of the pages there

# The contrast of every text with what is behind it: WCAG 2.2, success criterion 1.4.3.
CONTRAST = """() => {
  const rgb = text => { const c = document.createElement('canvas').getContext('2d');
    c.fillStyle = text; c.fillRect(0, 0, 1, 1); return Array.from(c.getImageData(0, 0, 1, 1).data); };
  const light = ([r, g, b]) => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
  const behind = one => { for (; one; one = one.parentElement) { const c = rgb(getComputedStyle(one).backgroundColor);
    if (c[3] > 250) return c; } return [255, 255, 255, 255]; };
  const poor = [];
  for (const one of document.querySelectorAll('body *')) {
    const own = [...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    if (!own || style.visibility === 'hidden' || box.width < 2) continue;
    const a = light(rgb(style.color)), b = light(behind(one));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push([one.textContent.trim().slice(0, 30), Math.round(ratio * 100) / 100]);
  }
  return poor;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield one
        one.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A morning at every school, as a running server shows it; at school 2 the terminal went silent."""
    folder = tmp_path_factory.mktemp("public")
    found = copied(folder, built(folder, "sqlite"))
    _morning(found)
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start_web(stack, Services(found.ledger, Feed(), list), listening)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    found.ledger.close()


def _morning(found: Site) -> None:
    for place in found.marking:
        for n, who in enumerate(found.people(place)):
            if n % 7 == 3:
                found.asks(who, "leave", '{"kind": "CL", "half": "full"}')
            elif n % 7 != 5:
                found.punch(who, place, at(8, 50) + 61_000 * n)
                if n % 7 == 4:
                    found.punch(who, place, at(10, 2), Kind.MOVEMENT_OUT)
    silent = found.office("s2")
    found.beat(silent, at(10, 12), backlog=6)
    found.beat(silent, at(10, 12), online=False)
    found.project()


class Visit:
    """A page, and what the browser complained of or fetched on the way."""

    def __init__(self, browser: Browser, width: int = 1280, **more: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800}, **more)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.fetched: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self.fetched.append(request.url))

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # going on to the next page gives up an icon still under way
            self.complaints.append(f"{request.failure} {request.url}")


@pytest.mark.parametrize(
    ("width", "language", "scheme"),
    [("phone", "hi", "light"), ("phone", "en", "dark"), ("desktop", "en", "light"), ("desktop", "hi", "dark")],
)
def test_every_page_is_whole_at_every_width(
    browser: Browser, address: str, width: str, language: str, scheme: str
) -> None:
    """R5.2: no page runs over the edge, each text can be read, and nothing is fetched from elsewhere."""
    visit = Visit(browser, WIDTHS[width], color_scheme=scheme)
    page = visit.page
    for name, path in PATHS.items():
        page.goto(address + path + ("&" if "?" in path else "?") + f"lang={language}")
        assert page.evaluate("document.documentElement.lang") == language
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over == 0, (name, over)
        assert page.evaluate(CONTRAST) == [], name
        if PICTURES and scheme == "light":
            page.screenshot(path=str(Path(PICTURES) / f"public-{name}-{width}-{language}.png"), full_page=True)
    assert visit.context.cookies() == []
    assert visit.complaints == []
    assert all(url.startswith(address + "/") for url in visit.fetched)
    visit.context.close()


def test_it_works_without_script_by_keyboard(browser: Browser, address: str) -> None:
    """From the first page to one person's row, by keys alone."""
    visit = Visit(browser, java_script_enabled=False)
    page = visit.page
    page.goto(address + BASE + "?lang=en")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the content
    page.wait_for_url("**#main")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Office List").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/offices?lang=en")
    page.get_by_label("Search:").focus()
    page.keyboard.type("school 002")
    page.keyboard.press("Enter")
    page.wait_for_url("**/offices?*q=school*")
    page.get_by_role("link", name="View Attendance Sample School 002").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/office/s2?lang=en")
    page.get_by_role("link", name="Next").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**page=2**")
    expect(page.get_by_text("terminal offline since 10:12; records pending")).to_be_visible()
    visit.context.close()


def test_a_screen_reader_hears_what_the_colours_say(browser: Browser, address: str) -> None:
    """R5.2, WCAG 1.3.1, 1.4.1, 2.4.1, 4.1.2: landmarks, headings, a table with its headers, and the action in words."""
    visit = Visit(browser)
    visit.page.goto(address + f"{BASE}/office/s2?lang=en&show=25")
    told = visit.page.locator("body").aria_snapshot()
    for part in (
        '- link "Skip to the content"', '- navigation "Pages"', "- main", '- heading "Sample School 002" [level=1]',
        '- table "Attendance List"', '- columnheader "Employee Name', "- rowheader", '- navigation "Pages of the list"',
        '- searchbox "Search:"', '- combobox "Show entries"', "- status", "- contentinfo",
    ):  # fmt: skip
        assert part in told, part
    for action in ("Mark In", "Out of Office", "On Leave", "Absent"):
        assert f'cell "{action}' in told, action
    unnamed = visit.page.evaluate(
        "[...document.querySelectorAll('a,button,input:not([type=hidden]),select,img')].filter(one => "
        "!(one.textContent.trim() || one.alt !== undefined && one.hasAttribute('alt') || one.labels?.length)).length"
    )
    assert unnamed == 0
    visit.context.close()


def test_the_first_visit_fits_a_2g_line(browser: Browser, address: str) -> None:
    """R5.7: page, style and icon together are under 50 KB, before anything is compressed."""
    visit = Visit(browser, WIDTHS["phone"])
    sizes: list[int] = []
    visit.page.on("response", lambda response: sizes.append(len(response.body())))
    visit.page.goto(address + f"{BASE}/office/s2?lang=hi", wait_until="networkidle")
    assert len(sizes) >= 2
    assert 0 < sum(sizes) < 50_000
    visit.context.close()


def test_the_four_colours_differ_and_carry_their_words(browser: Browser, address: str) -> None:
    """R5.2: green, yellow, pink, red."""
    visit = Visit(browser)
    visit.page.goto(address + f"{BASE}/office/s2?lang=en")
    seen = {}
    for chip in visit.page.locator("ul.colours .chip").all():
        colour = chip.evaluate("one => getComputedStyle(one).backgroundColor")
        seen[chip.inner_text()] = tuple(int(n) for n in colour.removeprefix("rgb(").removesuffix(")").split(","))
    red, green, blue = zip(*(seen[name] for name in ("Mark In", "Out of Office", "On Leave", "Absent")), strict=True)
    assert green[0] > 2 * red[0]  # green
    assert red[1] > 200 < green[1] + 1  # yellow
    assert blue[1] < 100
    assert red[2] > 200 < blue[2] + 20  # pink
    assert red[3] > 3 * green[3] > 0  # red
    visit.context.close()
