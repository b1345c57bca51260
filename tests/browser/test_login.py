"""Logging in and looking after accounts in a real browser, as the first administrator of a site would."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from server.access import totp
from tests.browser.test_dashboard import CHROMIUM, FLAGS, WAIT_MS
from tests.unit.server.process import Server

PASSWORD = "blue lamp over seven hills"


class Office:
    """A running server with a synthetic department and its first administrator."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server = server
        self.browser = browser
        self.complaints: list[str] = []
        self.used = 0
        made = server.command("synthetic", "--schools", "3", "--seed", "7")
        assert made.returncode == 0, made.stderr
        first = server.command("account", "create", "admin.one", "--name", "Synthetic Admin", "--role", "state_admin")
        assert first.returncode == 0, first.stderr
        self.password = re.search(r"^password +(\S+)", first.stdout, re.MULTILINE)[1]  # type: ignore[index]
        self.secret = totp.read(re.search(r"secret=([A-Z2-7]+)", first.stdout)[1])  # type: ignore[index]
        self.recovery = re.findall(r"^  (\w{5}-\w{5})$", first.stdout, re.MULTILINE)
        server.start()

    def page(self, width: int = 1280, language: str = "en") -> Page:
        page = self.browser.new_context(viewport={"width": width, "height": 900}, locale=language).new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def log_in(self, page: Page, password: str, code: str, name: str = "admin.one") -> None:
        page.goto(f"{self.server.url}/")
        page.wait_for_url("**/login")
        page.locator("#name").fill(name)
        page.locator("#password").fill(password)
        page.locator("#code").fill(code)
        page.locator("form.card button").click()

    def code(self) -> str:
        """Of now, or the next one, where that one was taken already."""
        self.used = max(self.used + 1, int(time.time()) // totp.STEP_S)
        return totp.code(self.secret, self.used)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    server = Server(tmp_path_factory.mktemp("login"))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            made = Office(server, browser)
            yield made
            browser.close()
            # Chromium says every answer of 400 and more in its console; nothing else may be there.
            assert [text for text in made.complaints if "Failed to load resource" not in text] == []
    finally:
        server.kill()


@pytest.fixture(scope="module")
def admin(site: Office) -> Page:
    """The administrator, after the first log-in."""
    page = site.page()
    site.log_in(page, "not the password", site.code())
    expect(page.get_by_role("alert")).to_contain_text("are not right")
    site.log_in(page, site.password, site.code())
    page.wait_for_url("**/account/begin")
    page.locator("#old").fill(site.password)
    page.locator("#new").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/account")
    return page


def shot(page: Page, name: str, folder: Path) -> None:
    page.screenshot(path=str(folder / f"{name}.png"), full_page=True)


def test_the_administrator_gives_a_role_and_the_officer_enrols(site: Office, admin: Page, tmp_path: Path) -> None:
    """R1.10, R4.2."""
    admin.get_by_role("link", name="Accounts").click()
    admin.locator("#name").fill("<b>Synthetic</b> Officer")
    admin.locator("#login").fill("officer.one")
    admin.locator("#where").select_option(index=2)
    shot(admin, "accounts", tmp_path)
    admin.get_by_role("button", name="Make the account").click()
    first = admin.locator(".done .key").inner_text()
    expect(admin.locator("h1 b")).to_have_count(0)  # a name is shown and not run
    admin.locator("#role").select_option("technician")
    admin.locator("#where").select_option(index=2)
    admin.locator("#reason").fill("order 12 of today")
    admin.get_by_role("button", name="Give the role").click()
    expect(admin.locator("table")).to_contain_text("order 12 of today")
    shot(admin, "account_of", tmp_path)

    officer = site.page(width=390, language="hi")
    site.log_in(officer, first, "", "officer.one")
    officer.wait_for_url("**/account/begin")
    officer.locator("#old").fill(first)
    officer.locator("#new").fill(PASSWORD)
    officer.locator("#again").fill(PASSWORD)
    officer.locator("section.card button").click()
    officer.wait_for_selector(".qr svg")
    shot(officer, "begin", tmp_path)
    secret = totp.read(officer.locator(".key").inner_text().replace(" ", ""))
    officer.locator("#code").fill(totp.code(secret, int(time.time()) // totp.STEP_S))
    officer.locator("section.card button").click()
    expect(officer.locator(".codes li")).to_have_count(10)
    officer.get_by_role("link", name="मैंने लिख लिए हैं").click()
    expect(officer.locator("h1")).to_contain_text("मेरा खाता")
    expect(officer.locator("table").first).to_contain_text("तकनीशियन")
    shot(officer, "account", tmp_path)
    assert officer.goto(f"{site.server.url}/accounts").status == 403  # type: ignore[union-attr]
    over = officer.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over == 0


def test_custody_is_shown_asked_for_and_reads_as_one_goes(site: Office, admin: Page, tmp_path: Path) -> None:
    """R4.4."""
    admin.goto(f"{site.server.url}/custody")
    admin.locator("#why").fill("circular of today")
    admin.get_by_role("button", name="Ask", exact=True).click()
    expect(admin.get_by_text("circular of today")).to_be_visible()
    shot(admin, "custody", tmp_path)
    with admin.expect_download() as saved:
        admin.get_by_role("link", name="Register as CSV").click()
    assert saved.value.suggested_filename == "custody.csv"


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["en", "hi"])
def test_the_ways_in_fit_and_can_be_used_by_keyboard(site: Office, width: int, language: str, tmp_path: Path) -> None:
    page = site.page(width, language)
    for path in ("/login", "/me/login"):
        page.goto(f"{site.server.url}{path}")
        assert page.evaluate("document.documentElement.lang") == language
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over == 0
        unnamed = "[...document.querySelectorAll('input:not([type=hidden])')].filter(i => !i.labels.length).length"
        assert page.evaluate(unnamed) == 0, "every field says what it is"
        shot(page, path.strip("/").replace("/", "-") + f"-{language}-{width}", tmp_path)


def test_an_employee_without_the_right_sum_is_told_so(site: Office) -> None:
    """R1.9."""
    page = site.page()
    page.goto(f"{site.server.url}/me/login")
    page.locator("#digits").fill("000000")
    page.locator("#answer").fill("99")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")


def test_leaving_ends_the_session(site: Office, admin: Page) -> None:
    cookies = admin.context.cookies()
    admin.get_by_role("button", name="Sign out").click()
    other = site.browser.new_context()
    other.add_cookies(cookies)  # type: ignore[arg-type]
    page = other.new_page()
    page.goto(f"{site.server.url}/accounts")
    assert page.url.endswith("/login")
    again = site.page()
    site.log_in(again, PASSWORD, site.recovery[0])
    again.wait_for_url(f"{site.server.url}/")
