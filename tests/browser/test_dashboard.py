"""The page in a real browser: punches and states appear without reload, names stay inert, and nothing is blocked or
missing. Chromium is Debian's, headless."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.unit.server.aggregator import punch, until
from tests.unit.server.process import Server, Unit

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
EVIL = "<img src=x onerror=alert(1)><b>Synthetic</b>"
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)


class Site:
    """A running server with one terminal, and what the browser complained of."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self.complaints: list[str] = []
        rows = [{"name": name, "digits": "000000"} for name in ("Synthetic One", EVIL)]
        done = server.command("people", "import", stdin="\n".join(json.dumps(row) for row in rows))
        self.refs = [bytes.fromhex(json.loads(line)["person"]) for line in done.stdout.splitlines()]
        server.start()
        self.unit = Unit(server, "t-1")
        self.token = server.token("dashboard")

    def enter(self, width: int = 1280, language: str = "en") -> Page:
        """A page that came in by the link, as a person would."""
        page = self.browser.new_context(viewport={"width": width, "height": 900}, locale=language).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        page.goto(f"{self.server.url}/enter#{self.token}")
        page.wait_for_url(f"{self.server.url}/")
        page.wait_for_selector("#link.live")
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield one
        one.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:
    server = Server(tmp_path_factory.mktemp("page"))
    try:
        made = Site(server, browser)
        made.unit.start()
        yield made
        made.unit.stop()
        assert made.complaints == []
    finally:
        server.kill()


def test_a_punch_appears_without_reload(site: Site) -> None:
    page = site.enter()
    page.evaluate("window.stillHere = true")
    before = page.locator("#punches tr").count()
    site.unit.append(punch(site.refs[0], 1))
    expect(page.locator("#punches tr")).to_have_count(before + 1)
    row = page.locator("#punches tr").first
    expect(row).to_contain_text("Synthetic One")
    expect(row).to_contain_text("05:30:01")  # 2026-01-01T00:00:01Z in IST
    expect(row).to_contain_text("±500 ms")
    expect(page.locator("#totals .main dd")).to_contain_text("1 in all")
    assert page.evaluate("window.stillHere") is True


def test_a_terminals_state_changes_without_reload(site: Site) -> None:
    page = site.enter()
    page.wait_for_selector("#terminals .state.online")
    expect(page.locator("#terminals tr")).to_have_count(1)
    assert site.server.command("revoke", "t-9").returncode == 1
    expect(page.locator("#terminals").first).to_contain_text("✓")
    site.server.people(1)
    expect(page.locator("#terminals").first).to_contain_text("3 ✓")


def test_a_name_made_of_markup_is_shown_and_not_run(site: Site) -> None:
    page = site.enter()
    site.unit.append(punch(site.refs[1], 2))
    expect(page.locator("#punches").first).to_contain_text("onerror")
    assert page.locator("#punches img").count() == 0
    page.reload()
    expect(page.locator("#punches").first).to_contain_text(EVIL)
    assert page.locator("#punches img").count() == 0


def test_the_language_is_changed_and_kept(site: Site) -> None:
    page = site.enter(language="en")
    page.get_by_role("link", name="हिन्दी").click()
    page.wait_for_selector("html[lang=hi]")
    page.goto(site.server.url)
    page.wait_for_selector("#link.live")
    expect(page.locator("#link")).to_have_text("लाइव")
    assert page.evaluate("document.documentElement.lang") == "hi"


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_runs_over_the_edge(site: Site, width: int) -> None:
    page = site.enter(width)
    over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over == 0


def test_the_token_stays_out_of_url_and_log(site: Site) -> None:
    page = site.enter()
    assert site.token not in page.url
    page.go_back()
    assert site.token not in page.url
    assert site.token not in site.server.log()


def test_a_wrong_token_is_answered_in_words_and_the_form_works(site: Site) -> None:
    page = site.browser.new_context(locale="en").new_page()
    page.goto(f"{site.server.url}/enter")
    page.get_by_label("Token").fill("hz_wrong")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("not one of this server's")
    page.get_by_label("Token").fill(site.token)
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(f"{site.server.url}/")


def test_whoever_comes_by_token_is_offered_nothing_that_they_may_not_open(site: Site) -> None:
    """A viewer's day on a phone, in Hindi: every tab and every tile opens, nothing changes anything, and out again."""
    page = site.enter(390, "hi")
    page.get_by_role("link", name="टर्मिनल", exact=True).click()
    page.wait_for_url("**/fleet")
    offered = page.locator("nav a, main a").evaluate_all("all => all.map(one => one.href)")
    assert len(offered) > 8
    for href in sorted({one.partition("#")[0] for one in offered}):
        answer = page.goto(href)
        assert answer is not None
        assert answer.status == 200, href
        expect(page.locator("main form[method=post]:not([action='/search'])")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, href
    page.goto(f"{site.server.url}/?lang=hi")
    page.get_by_role("link", name="अस्वीकृत संदेश").click()
    page.wait_for_url("**/refused")
    denied = page.request.get(f"{site.server.url}/desk")
    assert (denied.status, "अनुमति नहीं" in denied.text()) == (403, True)
    page.get_by_role("button", name="साइन आउट करें").click()
    page.wait_for_url("**/enter")
    page.goto(f"{site.server.url}/fleet")
    page.wait_for_url("**/enter")


def test_the_page_says_that_it_lost_the_server_and_comes_back(site: Site) -> None:
    page = site.enter()
    site.server.kill()
    page.wait_for_selector("#link.lost")
    site.server.start()
    page.wait_for_selector("#link.live")
    site.unit.append(punch(site.refs[0], 3))
    expect(page.locator("#punches tr").first).to_contain_text("05:30:03")
    until(lambda: site.unit.agent.state.made == site.unit.agent.state.receipted, "receipted")
    # The browser itself says in its console that the stream broke; that is not a fault of the page.
    site.complaints[:] = [text for text in site.complaints if "ERR_" not in text]
