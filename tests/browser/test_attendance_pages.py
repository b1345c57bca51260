"""The pages of attendance in a real browser: an employee's own days and requests, the officer who decides them, the
section's late register and deductions, and the returns. Everybody here is synthetic.
"""

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright
from sqlalchemy import Connection, insert, update

from server.days import places
from server.days.places import Place, Source, Span
from server.intake.dating import Kind as EvidenceKind
from server.leads.worker import Leads
from server.ledger.store import Ledger, now_ms
from server.ledger.tables import consent, dating, designation
from server.people.ranks import Level
from server.people.synthetic import Employee, generate
from server.people.synthetic import Place as SynthPlace
from server.requests import desk, leave
from server.requests.kinds import Ask
from server.requests.kinds import Kind as Kind_
from sync.code import receipt_code
from sync.record import Kind
from tests.browser.people_site import LIVE, ORG, WIDTHS, Site, solve
from tests.browser.test_dashboard import CHROMIUM, FLAGS, WAIT_MS
from tests.unit.server.days import district
from tests.unit.server.days.district import Marked, at
from tests.unit.server.process import Server

MONTH = "2026-10"
# Of the first in the school: late on three days, which is one day of leave; gone on the fourth.
LATE = [dt.date(2026, 10, day) for day in (1, 5, 6)]
GONE = dt.date(2026, 10, 7)
DAYS = [*LATE, GONE, dt.date(2026, 10, 8)]


class Department(Site):
    """With a policy, terminals that were fit, and a week of punches of one school."""

    def prepare(self) -> None:
        ledger = Ledger(f"sqlite:///{self.server.ledger}")
        school = next(one for one in generate(3, 7).places if one.path == LIVE)
        staff = [one for one in generate(3, 7).people if one.office == school.id and one.designation]
        self.me, self.other = staff[0], staff[1]
        with ledger.write() as connection:
            span, by = Span(dt.date(2026, 9, 1)), Source("tester", "TEST/1")
            places.choose_policy(connection, Place(ORG, "/"), span, "cbse-2016", by)
            district.add_terminal(connection, "t-s2", school.id)
            for day in DAYS:
                for one in staff[:4]:
                    came = "09:41" if one is self.me and day in LATE else "08:55"
                    if one is not self.me or day != GONE:
                        marks = [
                            Marked(one.ref, "t-s2", at(day, came)),
                            Marked(one.ref, "t-s2", at(day, "17:35"), Kind.OUT),
                        ]
                        district.put(connection, marks)
            connection.execute(update(designation).values(pay_band="PB-2", grade_pay=4600))
            self.suspicious(connection, school, staff)
            leave.grant(connection, self.me.ref, "CL", 8, dt.date(2026, 1, 1), "2026", "tester")
            agreed = {"purpose": "attendance", "wording": "attendance-1", "language": "hi"}
            connection.execute(insert(consent).values(id=bytes(8), person=self.me.ref, given_ms=now_ms(), **agreed))
        Leads(ledger).tick(now_ms())
        ledger.close()
        folded = self.server.command("fold")
        assert folded.returncode == 0, folded.stderr

    def suspicious(self, connection: Connection, school: SynthPlace, staff: list[Employee]) -> None:
        """What leads are made of, two hours ago: a rush, and one person at the farthest school ten minutes after."""
        now = now_ms()
        made = generate(3, 7)
        far = max(
            (one for one in made.places if one.level is Level.OFFICE),
            key=lambda one: (one.latitude - school.latitude) ** 2 + (one.longitude - school.longitude) ** 2,
        )
        district.add_terminal(connection, "t-far", far.id)
        at_ms = now - 2 * 3_600_000
        for name in ("t-s2", "t-far"):  # so that these are dated by a word of the server of this very hour
            row = {"terminal": name, "log": district.LOG, "boot_no": 1, "kind": int(EvidenceKind.ANCHOR), "seq": 10**6}
            count = at_ms - district.BOOT_MS
            told = {"known_ms": now, "low_at_ms": count, "high_at_ms": count, "low_ms": at_ms, "high_ms": at_ms}
            connection.execute(insert(dating).values(**row, **told))
        others = [one.ref for one in made.people if one not in staff][:22]
        rush = [Marked(ref, "t-s2", at_ms + 1000 * n) for n, ref in enumerate(others)]
        district.put(connection, [*rush, Marked(others[0], "t-far", at_ms + 600_000)], now)

    def employee(self, width: int = 1280, language: str = "en") -> Page:
        """Logs in by the six digits, the puzzle, and the code that was sent."""
        page = self.page(width=width, language=language)
        page.goto(f"{self.server.url}/me/login")
        page.locator("#digits").fill(self.me.digits)
        solve(page)
        page.locator("button[name=ask]").click()
        page.locator("#digits").fill(self.me.digits)
        solve(page)
        page.locator("#secret").fill(self.code())
        page.locator("form.card button").first.click()
        page.wait_for_url("**/me")
        return page

    def code(self) -> str:
        """Of the message that went out."""
        outbox = self.server.folder / "state" / "outbox"
        end = time.monotonic() + WAIT_MS / 1000
        while time.monotonic() < end:
            found = [json.loads(one.read_text("utf-8")) for one in outbox.glob("*.json")] if outbox.is_dir() else []
            mine = [one["text"] for one in found if one["to"] == self.me.mobile]
            if mine:
                return str(mine[-1].partition(" ")[0])
            time.sleep(0.2)
        raise AssertionError("no code was sent")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Department]:
    server = Server(tmp_path_factory.mktemp("attendance"))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            made = Department(server, browser)
            made.prepare()
            server.start()
            yield made
            browser.close()
            assert [text for text in made.complaints if "Failed to load resource" not in text] == []
    finally:
        server.kill()


@pytest.mark.parametrize(("width", "language"), [(390, "hi"), (1280, "en")])
def test_an_employee_reads_their_own_days(site: Department, width: int, language: str) -> None:
    """R1.9, R2.2, R5.2: a calendar in colours and words, and each day's derivation in sentences."""
    page = site.employee(width, language)
    page.goto(f"{site.server.url}/me/month?month={MONTH}")
    late = page.locator("a.day-of", has=page.locator(".late"))
    expect(late).to_have_count(3)
    expect(page.locator("a.day-of.absent")).to_have_count(
        31 - len(DAYS) + 1 - page.locator("a.day-of.weekly_off").count()
    )
    site.shot(page, f"corner-month-{language}-{width}")
    late.first.click()
    steps = page.locator(".steps")
    expect(steps).to_contain_text("09:41")
    expect(steps).to_contain_text("09:30")
    expect(steps).to_contain_text("नमूना विद्यालय" if language == "hi" else "Sample School")
    site.shot(page, f"corner-day-{language}-{width}")
    page.goto(f"{site.server.url}/me/receipt")
    head = site.ask("select head from record where person = ? order by seq limit 1", site.me.ref)[0][0]
    assert isinstance(head, bytes)
    page.locator("#code").fill(receipt_code(head).lower())
    page.locator("form.card button").click()
    expect(page.locator(".done")).to_contain_text("t-s2")
    site.shot(page, f"corner-receipt-{language}-{width}")
    page.locator("#code").fill("UUUUUU")
    page.locator("form.card button").click()
    expect(page.locator("#code-wrong")).to_be_visible()
    with page.expect_download() as saved:
        page.locator("a[href='/me/export.json']").click()
    told = json.loads(Path(saved.value.path()).read_text("utf-8"))
    assert len(told["punches"]) == 2 * (len(DAYS) - 1)
    assert {one["person"] for one in told["punches"]} == {site.me.ref.hex()}
    assert "number" not in told["employment"][0]
    page.context.close()


def test_a_request_goes_to_the_reporting_officer_and_back(site: Department) -> None:
    """R4.6: asked, agreed, and the day and the balance follow."""
    page = site.employee()
    page.goto(f"{site.server.url}/me/requests")
    page.locator("#since").fill(GONE.isoformat())
    page.locator("#leave").select_option("CL")
    site.shot(page, "corner-requests-en-1280")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".line")).to_contain_text("Waiting")
    page.goto(f"{site.server.url}/me/day/{LATE[0]}")
    page.locator("#act").select_option("condone_late")
    page.locator("#reason").fill("the bus did not run")
    page.get_by_role("button", name="Ask", exact=True).click()

    officer = site.page("reporting")
    officer.goto(f"{site.server.url}/desk")
    officer.get_by_role("link", name="Requests").click()
    expect(officer.locator("tbody tr")).to_have_count(2)
    site.shot(officer, "requests-1280")
    officer.locator("tr", has_text="Casual").get_by_role("button", name="Agree").click()
    officer.locator("tr", has_text="bus").get_by_role("button", name="Refuse").click()
    expect(officer.get_by_role("alert")).to_contain_text("for a reason")
    officer.locator("tr", has_text="bus").locator("input[name=words]").fill("it ran")
    officer.locator("tr", has_text="bus").get_by_role("button", name="Refuse").click()
    expect(officer.locator("tbody tr")).to_have_count(0)
    officer.locator("#person").select_option(site.other.ref.hex())
    officer.locator("#since").fill("2026-10-09")
    officer.locator("#reason").fill("election duty, order 7")
    officer.locator("form[action='/duty'] button").click()
    expect(officer.locator("tbody")).to_contain_text("election duty")

    page.goto(f"{site.server.url}/me/requests")
    expect(page.locator(".line")).to_contain_text("it ran")
    site.server.command("fold")
    page.goto(f"{site.server.url}/me/month?month={MONTH}")
    expect(page.locator("a.day-of.on_leave")).to_have_count(1)
    expect(page.locator("dl.facts")).to_contain_text("3 days")  # four granted, one taken
    page.context.close()
    officer.context.close()


def test_consent_is_asked_back_in_ones_own_corner(site: Department) -> None:
    """S6: as easily as it was given; the nodal officer sees who waits, until they think better of it or are erased."""
    page = site.employee(390, "hi")
    page.goto(f"{site.server.url}/me/month")
    page.locator("a[href='/me/consent']").click()
    site.shot(page, "corner-consent-hi-390")
    page.locator("#sure").check()
    page.locator("button.danger").click()
    expect(page.get_by_role("status")).to_be_visible()
    site.shot(page, "corner-consent-asked-hi-390")
    officer = site.page("nodal")
    officer.goto(f"{site.server.url}/desk")
    officer.locator("a[href='/people']").click()
    waits = officer.locator("ol[aria-labelledby=asked] li")
    expect(waits).to_have_count(1)
    site.shot(officer, "people-asked-1280")
    waits.get_by_role("link").click()
    expect(officer.locator("b.warn")).to_contain_text("asked back")
    page.locator("button[value=keep]").click()
    expect(page.locator("#sure")).to_be_visible()
    officer.goto(f"{site.server.url}/people")
    expect(waits).to_have_count(0)
    page.context.close()
    officer.context.close()


def test_the_section_officer_keeps_the_late_register(site: Department) -> None:
    """R2.3, R2.7, R2.10: a remark, and a deduction that is confirmed, taken back, and confirmed again."""
    page = site.page("section")
    page.goto(f"{site.server.url}/late?month={MONTH}")
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator("tbody tr").first).to_contain_text("read as 09:40")  # by the clock, kindly
    page.locator("tbody tr").first.locator("input[name=remark]").fill("told to come in time")
    page.locator("tbody tr").first.get_by_role("button", name="Save").click()
    expect(page.locator("tbody tr").first).to_contain_text("told to come in time")
    page.locator("summary").first.click()
    expect(page.locator(".steps").first).to_contain_text("09:30")
    site.shot(page, "late-register-1280")
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    assert "told to come in time" in Path(saved.value.path()).read_text("utf-8-sig")
    page.get_by_role("link", name="Deductions").click()
    page.get_by_role("button", name="Reckon").click()
    row = page.locator("tbody tr", has_text=", ".join(day.isoformat() for day in LATE))
    expect(row).to_contain_text("1 Casual leave")
    site.shot(page, "deductions-1280")
    row.get_by_role("button", name="Confirm").click()
    expect(row).to_contain_text("Confirmed")
    why = "select why, halves from leave_entry where person = ? and why = 'deducted'"
    assert site.ask(why, site.me.ref) == [("deducted", -2)]
    row.get_by_role("button", name="Take back").click()
    expect(page.get_by_role("alert")).to_contain_text("for a reason")
    row.locator("input[name=reason]").fill("the wrong line")
    row.get_by_role("button", name="Take back").click()
    expect(row).to_contain_text("Proposed")
    assert site.ask(f"{why} or why = 'reversed'", site.me.ref) == [("deducted", -2), ("reversed", 2)]
    row.get_by_role("button", name="Confirm").click()
    expect(row).to_contain_text("Confirmed")
    page.context.close()


def test_returns_are_looked_at_and_taken_away(site: Department) -> None:
    """R4.1: of one's own places alone."""
    page = site.page("section")
    page.goto(f"{site.server.url}/returns")
    site.shot(page, "returns-1280")
    assert page.goto(f"{site.server.url}/returns/custody").status == 404  # type: ignore[union-attr]
    page.goto(f"{site.server.url}/returns/monthly?month={MONTH}")
    expect(page.locator("section.return").first).to_contain_text("Left school before school timing")
    site.shot(page, "return-monthly-1280")
    for kind, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF")):
        with page.expect_download() as saved:
            page.locator(".downloads a", has_text=kind.upper()).click()
        assert Path(saved.value.path()).read_bytes().startswith(begins)
    assert page.goto(f"{site.server.url}/returns/monthly?month={MONTH}&at=s1").status == 404  # type: ignore[union-attr]
    page.context.close()


def test_the_gate_keeps_its_register(site: Department) -> None:
    """R1.16: somebody leaves, and is back; a return before the departure is refused."""
    page = site.page("wing")
    page.goto(f"{site.server.url}/movements?week={LATE[1]}")
    page.locator("#person").select_option(site.me.ref.hex())
    page.locator("#since").fill(LATE[1].isoformat())
    page.locator("#out").fill("11:00")
    page.locator("#reason").fill("to the bank")
    page.get_by_role("button", name="Write down").click()
    row = page.locator("tbody tr", has_text="to the bank")
    expect(row).to_contain_text("11:00")
    row.locator("input[name=back]").fill("10:00")
    row.get_by_role("button", name="Back").click()
    expect(page.get_by_role("alert")).to_contain_text("before the departure")
    page.locator("tbody tr", has_text="to the bank").locator("input[name=back]").fill("11:40")
    page.locator("tbody tr", has_text="to the bank").get_by_role("button", name="Back").click()
    expect(page.locator("tbody tr", has_text="to the bank")).to_contain_text("11:40")
    site.shot(page, "movements-1280")
    page.context.close()


def test_the_branch_register_stands_beside_the_machine(site: Department) -> None:
    """R2.9: both, machine only, register only, neither; a line keyed in by mistake is taken back."""
    page = site.page("branch")
    page.goto(f"{site.server.url}/register-book?day={LATE[0]}")
    mine = page.locator("tbody tr", has=page.locator(f"[id='s-{site.me.ref.hex()}']"))
    expect(mine).to_contain_text("Machine only")
    absent = page.locator("tbody tr", has_text="Neither").first
    absent.locator("input[type=checkbox]").check()
    mine.locator("input[type=checkbox]").check()
    page.get_by_role("button", name="Write down").click()
    expect(page.locator("tbody tr", has_text="Both")).to_have_count(1)
    expect(page.locator("tbody tr", has_text="Register only")).to_have_count(1)
    cells = page.locator("dl.facts dd")
    assert [int(cells.nth(n).inner_text()) for n in (0, 2)] == [1, 1]
    site.shot(page, "branch-register-1280")
    page.locator("tbody tr", has_text="Register only").get_by_role("button", name="Take back").click()
    expect(page.locator("tbody tr", has_text="Register only")).to_have_count(0)
    page.context.close()


def test_leave_is_credited_once_by_an_order(site: Department) -> None:
    """R2.4: the balance that deductions draw on; the same order again credits nothing."""
    page = site.page("section")
    for _ in range(2):
        page.goto(f"{site.server.url}/leave-accounts?of={site.other.ref.hex()}")
        page.locator("#kind").select_option("EL")
        page.locator("#days").fill("2.5")
        page.locator("#order").fill("EL 2026, second half")
        page.get_by_role("button", name="Credit").click()
        expect(page.locator(".line li", has_text="EL 2026, second half")).to_have_count(1)
    site.shot(page, "leave-1280")
    page.locator("#days").fill("0.3")
    page.locator("#order").fill("x")
    page.get_by_role("button", name="Credit").click()
    expect(page.get_by_role("alert")).to_contain_text("0.5")
    assert site.ask("select sum(halves) from leave_entry where person = ? and kind = 'EL'", site.other.ref) == [(5,)]
    page.context.close()


def test_late_sitting_is_sanctioned_and_claimed(site: Department) -> None:
    """R3.6, R3.7: beforehand, with the work named; claimed with a certificate; a day that is not done pays nothing."""
    officer = site.page("authority")
    officer.goto(f"{site.server.url}/sanction")
    officer.locator("#person").select_option(site.me.ref.hex())
    officer.locator("#day").fill("2026-10-01")
    officer.locator("#work").fill("closing the accounts of the quarter")
    officer.get_by_role("button", name="Sanction").click()
    expect(officer.get_by_role("alert")).to_contain_text("before the day")
    on = str(officer.locator("#day").evaluate("e => { const d = new Date(); d.setTime(d.getTime() + 19800000);"
                                              " return d.toISOString().slice(0, 10) }"))  # fmt: skip
    officer.locator("#day").fill(on)
    officer.get_by_role("button", name="Sanction").click()
    expect(officer.locator("tbody")).to_contain_text("closing the accounts")
    site.shot(officer, "sanction-1280")
    page = site.employee()
    page.goto(f"{site.server.url}/me/claim?month={on[:7]}")
    row = page.locator("tbody tr", has_text=on)
    expect(row).to_contain_text("Refused")
    site.shot(page, "corner-claim-1280")
    row.locator("input[type=checkbox]").check()
    page.locator("#certificate").set_input_files(
        {"name": "c.txt", "mimeType": "text/plain", "buffer": b"the work was done"}
    )
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("alert")).to_contain_text("PDF or JPEG")
    page.locator("tbody tr", has_text=on).locator("input[type=checkbox]").check()
    page.locator("#certificate").set_input_files(
        {"name": "c.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 sample"}
    )
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("status")).to_contain_text("taken")
    expect(page.locator(".line")).to_contain_text(on)
    assert site.ask("select rupees from lsa_claim") == [(0,)]
    paid_by = site.page("drawing")
    paid_by.goto(f"{site.server.url}/")
    paid_by.wait_for_url("**/desk")  # nobody who draws pay watches people live
    paid_by.get_by_role("link", name="Late sitting claims").click()
    paid_by.locator("#month").fill(on[:7])
    paid_by.get_by_role("button", name="Show").click()
    expect(paid_by.locator("tbody tr", has_text=on)).to_contain_text("Refused")
    with paid_by.expect_download() as saved:
        paid_by.locator("tbody a").first.click()
    assert Path(saved.value.path()).read_bytes() == b"%PDF-1.4 sample"
    site.shot(paid_by, "drawing-claims-1280")
    paid_by.goto(f"{site.server.url}/returns/lsa?month={on[:7]}")
    expect(paid_by.locator("section.return")).to_contain_text(on[8:])
    expect(paid_by.get_by_role("button", name="Send")).to_have_count(0)
    for one in (page, officer, paid_by):
        one.context.close()


def test_a_branch_officers_day_on_a_phone_in_hindi(site: Department) -> None:
    """R6.6, R2.9: answers for the register with the branch head, and opens nothing beyond it."""
    page = site.page("officer", 390, "hi")
    page.goto(f"{site.server.url}/")
    expect(page.locator("#totals dt", has_text="अस्वीकृत")).to_be_visible()
    expect(page.locator("#totals a")).to_have_count(0)  # to what was refused: for those who may
    page.get_by_role("link", name="मेरा काम").click()
    page.locator("ul.work a[href='/register-book']").click()
    page.locator("#day").fill(LATE[2].isoformat())
    page.get_by_role("button", name="दिखाएँ").click()
    mine = page.locator("tbody tr", has=page.locator(f"[id='s-{site.me.ref.hex()}']"))
    expect(mine).to_contain_text("केवल मशीन")
    mine.locator("input[type=checkbox]").check()
    page.get_by_role("button", name="दर्ज करें").click()
    expect(page.locator("tbody tr", has_text="दोनों")).to_have_count(1)
    site.shot(page, "officer-register-hi-390")
    refused = page.goto(f"{site.server.url}/returns")
    assert refused is not None
    assert refused.status == 403
    expect(page.locator("main")).to_contain_text("भूमिका")
    page.context.close()


def test_a_scheme_in_charge_sees_the_days_exceptions_of_their_offices(site: Department) -> None:
    """R4.7: daily, exceptions first, only one's own offices; sends nothing."""
    page = site.page("scheme")
    page.goto(f"{site.server.url}/desk")
    page.get_by_role("link", name="Daily attendance").click()
    page.locator("#day").fill(LATE[1].isoformat())
    page.locator("#at").select_option("s2")
    page.get_by_role("button", name="Show").click()
    rows = page.locator("section.return").first.locator("tbody tr")
    expect(rows.first).to_contain_text("Absent")
    expect(rows.last).to_contain_text(site.me.name)  # late, behind those who were away
    expect(rows.filter(has_text="Sample School 001")).to_have_count(0)
    site.shot(page, "scheme-daily-1280")
    with page.expect_download() as saved:
        page.locator(".downloads a", has_text="CSV").click()
    assert site.me.name in Path(saved.value.path()).read_text("utf-8-sig")
    page.get_by_role("link", name="Returns").click()
    expect(page.locator("p.note a")).to_have_text(["Look at it"])  # due, and somebody else's to send
    expect(page.locator("a[href='/returns/custody']")).to_have_count(0)  # it opens mobile numbers
    above = page.goto(f"{site.server.url}/returns/daily?at=st")
    assert above is not None
    assert above.status == 404
    page.context.close()


def test_an_office_custodians_day(site: Department) -> None:
    """R4.2: the portal of one office: its live page, its machine, its returns; nothing of another."""
    page = site.page("custodian")
    page.goto(f"{site.server.url}/")
    page.wait_for_selector("#link.live")
    expect(page.locator("#terminals tr")).to_have_count(1)
    page.get_by_role("link", name="Fleet").click()
    page.get_by_role("link", name="Terminals", exact=True).click()
    page.locator("#terminal-list tbody th a").click()
    page.wait_for_url("**/terminals/t-s2")
    for path, status in (
        ("/terminals/t-far", 404),
        ("/custody", 403),
        ("/accounts", 403),
        ("/returns/monthly?at=s1", 404),
    ):
        answer = page.goto(site.server.url + path)
        assert answer is not None
        assert answer.status == status, path
    page.goto(f"{site.server.url}/desk")
    site.shot(page, "custodian-desk-1280")
    page.get_by_role("link", name="Returns").click()
    page.get_by_role("link", name="Monthly return of attendance").click()
    page.locator("#month").fill(MONTH)
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/returns/sent/*")
    expect(page.locator("dl.facts")).to_contain_text("Sample office_custodian")
    page.context.close()


def test_a_central_puller_takes_everything_by_program(site: Department) -> None:
    """By token alone: punches, what is missing, changes into a file; no page, and nothing that changes anything."""
    token = site.server.token("pull")
    with httpx.Client(base_url=site.server.url, timeout=30) as stranger:
        assert stranger.get("/api/v1/punches").status_code == 401
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=site.server.url, headers=headers, timeout=30) as client:
        lines = client.get("/api/v1/punches", headers={"accept": "application/x-ndjson"}).text.splitlines()
        assert len(lines) == site.ask("select count(*) from record where type = 1")[0][0]
        told = client.get("/api/v1/completeness", params={"day": GONE.isoformat()}).json()
        assert set(told["waiting"]) == {"t-s2", "t-far"}  # neither ever called: who pulls knows what is missing
        assert client.get("/accounts").status_code == 303
        assert client.post("/api/v1/claim-tokens", json={}).status_code == 403
    (site.server.folder / "token").write_text(token, encoding="utf-8")
    out = site.server.folder / "changes.ndjson"
    files = ["--token-file", str(site.server.folder / "token"), "--state", f"{out}.state", "--out", str(out)]
    done = site.server.command("pull", "--changes", "--url", site.server.url, *files)
    assert done.returncode == 0, done.stderr
    kept = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [one["server_seq"] for one in kept if one["type"] == "punch"] == [
        json.loads(one)["server_seq"] for one in lines
    ]


def test_a_return_is_sent_from_its_page_and_amended_by_a_slip(site: Department) -> None:
    """R2.5, point 2: frozen as it stands; a correction afterwards stands on a slip beside it; who only reads sends
    nothing."""
    page = site.page("section")
    page.goto(f"{site.server.url}/returns/employees?month={MONTH}")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/returns/sent/*")
    expect(page.locator("dl.facts")).to_contain_text("1")
    before = page.locator("dl.facts .id").inner_text()
    where = page.url
    ledger = Ledger(f"sqlite:///{site.server.ledger}")
    with ledger.write() as connection:
        told = {"act": "condone_late", "at_ms": None, "punch": None}
        ask = Ask(site.me.ref, Kind_.ADJUSTMENT, LATE[1], LATE[1], "the bridge was closed", told)
        desk.enter(connection, ask, "officer")
    ledger.close()
    assert site.server.command("fold").returncode == 0
    page.get_by_role("button", name="Look for changes").click()
    expect(page.locator("h2", has_text="Amendment slip 1").first).to_be_visible()
    expect(page.locator("section.return").first).to_contain_text("an officer condoned lateness")
    assert page.locator("dl.facts .id").inner_text() == before
    site.shot(page, "sent-1280")
    for link, begins in (("CSV", b"\xef\xbb\xbf"), ("PDF", b"%PDF")):
        with page.expect_download() as saved:
            page.locator(".downloads").nth(1).locator("a", has_text=link).click()
        assert Path(saved.value.path()).read_bytes().startswith(begins)
    page.goto(f"{site.server.url}/returns/sent")
    expect(page.locator("tbody tr", has_text="Attendance of all employees")).to_have_count(1)
    site.shot(page, "sent-list-1280")
    auditor = site.page("auditor")
    auditor.goto(where)
    expect(auditor.get_by_role("button", name="Look for changes")).to_have_count(0)
    auditor.goto(f"{site.server.url}/returns/employees?month={MONTH}")
    expect(auditor.get_by_role("button", name="Send")).to_have_count(0)
    page.context.close()
    auditor.context.close()


def test_a_code_on_a_slip_is_checked_by_whoever_reads_returns(site: Department) -> None:
    """Point 9: of one's own offices alone."""
    head = site.ask("select head from record where person = ? order by seq limit 1", site.me.ref)[0][0]
    assert isinstance(head, bytes)
    for who, found in (("section", True), ("auditor", True)):
        page = site.page(who)
        page.goto(f"{site.server.url}/returns/receipt")
        page.locator("#code").fill(receipt_code(head))
        page.locator("form.card button").click()
        expect(page.locator(".done")).to_contain_text("t-s2")
        assert found
        page.context.close()
    page = site.page("section")
    page.goto(f"{site.server.url}/returns/receipt")
    page.locator("#code").fill(receipt_code(bytes(32)))
    page.locator("form.card button").click()
    expect(page.get_by_role("status")).to_contain_text("No punch")
    page.context.close()


def test_files_for_other_systems_are_taken_from_a_page(site: Department) -> None:
    """Point 11: check-ins, attendances, the calendar and the lists, of one's own offices."""
    page = site.page("section")
    page.goto(f"{site.server.url}/exchange")
    site.shot(page, "exchange-1280")
    for what, form, begins in (
        ("frappe", "csv", b"\xef\xbb\xbfemployee,time,device_id,log_type,skip_auto_attendance"),
        ("odoo", "json", b'[{"employee_id"'),
        ("calendar", "csv", b"BEGIN:VCALENDAR"),
        ("people", "csv", b"\xef\xbb\xbfreference,name,office"),
    ):
        page.locator("#what").select_option(what)
        page.locator("#form").select_option(form)
        page.locator("#month").fill(MONTH)
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download").click()
        data = Path(saved.value.path()).read_bytes()
        assert data.startswith(begins)
        assert site.me.digits.encode() not in data.replace(site.me.ref.hex().encode(), b"")
    page.context.close()


@pytest.mark.parametrize(("width", "language"), [(390, "hi"), (1280, "en")])
def test_leads_are_shown_with_their_evidence_and_no_verdict(site: Department, width: int, language: str) -> None:
    """S10, point 10: twenty people within ninety seconds, and one person far away ten minutes later; each with what
    may be innocent about it, and the records it rests on."""
    page = site.page("admin", width, language)
    page.goto(f"{site.server.url}/leads?days=7")
    leads = page.locator("section.return")
    expect(leads).to_have_count(2)
    expect(leads.locator("dl.facts").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("t-s2")
    page.locator("summary").first.click()
    expect(page.locator("details li").first).to_contain_text("t-s")
    assert page.locator("details li").first.inner_text().count("/") == 2
    site.shot(page, f"leads-{language}-{width}")
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_page_fits(site: Department, width: int, language: str) -> None:
    pages = {
        "section": [
            f"/late?month={MONTH}",
            f"/deductions?month={MONTH}",
            "/returns",
            f"/returns/monthly?month={MONTH}",
            "/returns/sent",
            "/returns/receipt",
            "/exchange",
            "/leave-accounts",
        ],
        "wing": [f"/movements?week={LATE[1]}"],
        "branch": [f"/register-book?day={LATE[0]}"],
        "authority": ["/sanction"],
        "reporting": ["/requests", "/requests?state=approved"],
        "auditor": ["/returns/coverage", "/returns/latecomers?month=2026-10", "/returns/daily?day=2026-10-05"],
    }
    for who, paths in pages.items():
        page = site.page(who, width, language)
        for path in paths:
            answer = page.goto(site.server.url + path)
            assert answer is not None
            assert answer.status == 200, path
            name = path.partition("?")[0].strip("/").replace("/", "-")
            site.shot(page, f"all-{name}-{path.partition('=')[2]}-{language}-{width}")
        page.context.close()
