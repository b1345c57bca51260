"""The pages of people in a real browser: an employee registers, a nodal officer decides, an authority enters an order,
an administrator opens an office. Everybody here is synthetic.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from server.intake.timekeeping import IST
from tests.browser.people_site import (
    ORG,
    PICTURE,
    WIDTHS,
    Site,
    entered_at_the_console,
    fill,
    life_of_an_office,
    register,
    solve,
)
from tests.browser.test_dashboard import CHROMIUM, FLAGS
from tests.unit.server.applicants import jpeg, number
from tests.unit.server.process import Server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    server = Server(tmp_path_factory.mktemp("people"))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            made = Site(server, browser)
            server.start()
            yield made
            browser.close()
            # Chromium says every answer of 400 and more in its console; nothing else may be there.
            assert [text for text in made.complaints if "Failed to load resource" not in text] == []
    finally:
        server.kill()


@pytest.mark.parametrize(("width", "language"), [(390, "hi"), (1280, "en")])
def test_an_employee_registers(site: Site, width: int, language: str) -> None:
    """R1.3, R1.4, R1.5, R1.7: down to the office, wrong and mended beside the field, reviewed, sent."""
    n = width
    page = site.page(width=width, language=language)
    page.goto(f"{site.server.url}/register")
    page.locator(".pick a").first.click()
    page.locator("#q").fill("School 001" if language == "en" else "विद्यालय 001")
    page.locator(".find button").click()
    site.shot(page, f"register-where-{language}-{width}")
    page.locator(".pick a").first.click()
    fill(page, n, aadhaar=number(n)[:-1] + str((int(number(n)[-1]) + 1) % 10), mobile="12345")
    page.locator("#photo").set_input_files({**PICTURE, "buffer": jpeg(102_401)})
    solve(page)
    page.locator("button[value=review]").click()
    for name in ("aadhaar", "mobile", "photo"):
        expect(page.locator(f"#{name}-wrong")).to_be_visible()
        expect(page.locator(f"#{name}")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#born_on-wrong")).to_have_count(0)
    expect(page.locator("#answer")).to_have_count(0)  # the puzzle is solved once
    site.shot(page, f"register-wrong-{language}-{width}")
    page.locator("#aadhaar").fill(number(n))
    page.locator("#mobile").fill(f"9{n:09d}")
    page.locator("#photo").set_input_files({**PICTURE, "buffer": jpeg(102_400)})
    page.locator("button[value=review]").click()
    expect(page.locator("dl")).to_contain_text(f"Sample Applicant {n}")
    site.shot(page, f"register-review-{language}-{width}")
    page.locator("button[value=edit]").click()
    page.locator("#name").fill(f"Sample Applicant {n} mended")
    page.locator("button[value=review]").click()
    draft = page.locator("[name=draft]").input_value()
    page.locator("button[value=send]").click()
    one = page.locator("#registration").inner_text()
    site.shot(page, f"register-done-{language}-{width}")
    rows = site.ask("select name, state from registration where id = ?", one)
    assert rows == [(f"Sample Applicant {n} mended", "submitted")]
    twice = page.request.post(page.url, form={"draft": draft, "step": "send"})
    assert twice.status == 409, "sent twice is registered once"
    page.context.close()


def test_without_the_answer_nothing_is_looked_at(site: Site) -> None:
    """R1.5."""
    page = site.page()
    page.goto(f"{site.server.url}/register/{ORG}/s1")
    fill(page, 77)
    page.locator("#answer").fill("99")
    page.get_by_role("button", name="Review").click()
    expect(page.locator("#answer-wrong")).to_contain_text("answer the new question")
    expect(page.locator("#answer")).to_have_value("")
    page.context.close()


def test_a_nodal_officer_verifies_and_rejects(site: Site) -> None:
    """R1.6, R1.8: what is rejected can only be made anew, and is linked."""
    good, bad = register(site, 11), register(site, 12)
    page = site.page("nodal")
    page.goto(f"{site.server.url}/desk")
    site.shot(page, "desk-1280")
    page.get_by_role("link", name="Registrations", exact=False).first.click()
    site.shot(page, "queue-1280")
    page.goto(f"{site.server.url}/registrations/{good}")
    page.wait_for_function("document.querySelector('img.portrait')?.naturalWidth > 0")
    assert number(11)[-4:] not in page.content()
    page.locator("#why").fill("compared with the card")
    page.get_by_role("button", name="Show the number").click()
    expect(page.locator("dl")).to_contain_text(number(11)[-4:])
    assert site.ask("select reason from vault_read where reason like 'compared%'") == [("compared with the card",)]
    site.shot(page, "registration-1280")
    page.get_by_role("button", name="verify").click()
    expect(page.get_by_role("status")).to_contain_text("on the rosters")

    page.goto(f"{site.server.url}/registrations/{bad}")
    page.locator("#reason").fill("the name is not as on the card")
    page.get_by_role("button", name="Reject").click()
    page.get_by_role("link", name="Register again").click()
    again = register(site, 12, page.url.removeprefix(site.server.url))
    page.goto(f"{site.server.url}/registrations/{bad}")
    expect(page.get_by_role("status")).to_contain_text(again)
    assert site.ask("select replaces from registration where id = ?", again) == [(bad,)]
    site.shot(page, "rejected-1280")
    page.context.close()


def test_an_import_is_tried_before_it_is_done(site: Site) -> None:
    """R1.5: a dry run lists every bad row and stores nothing."""
    page = site.page("nodal", 390, "hi")
    heads = "name,born_on,gender,aadhaar,email,mobile,employee_type,division,designation,office,photo\n"
    rows = [
        f"Sample Row {n},05-11-1984,male,{number(n)},r{n}@example.invalid,9{n:09d},"
        "government,teaching,teacher,s1,me.jpg\n"
        for n in (901, 902)
    ]
    wrong = heads + rows[0].replace("05-11", "31-02") + rows[1].replace("s1,", "nowhere,")
    before = site.ask("select count(*) from registration")
    page.goto(f"{site.server.url}/people/import")
    for text, step in ((wrong, "dry"), (heads + "".join(rows), "dry"), (heads + "".join(rows), "import")):
        page.locator("#rows").set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": text.encode()})
        page.locator("#photos").set_input_files(PICTURE)
        page.locator(f"button[value={step}]").click()
        if text == wrong:
            expect(page.locator("tbody tr")).to_have_count(3)  # the day, the office, and that it is none of theirs
            site.shot(page, "import-wrong-hi-390")
            page.locator("#rows").set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": text.encode()})
            page.locator("#photos").set_input_files(PICTURE)
            with page.expect_download() as saved:
                page.locator("button[value=csv]").click()
            assert len(Path(saved.value.path()).read_text("utf-8-sig").splitlines()) == 4
        else:
            expect(page.get_by_role("status")).to_be_visible()
        stored = site.ask("select count(*) from registration")
        assert (stored == before) == (step == "dry")
    page.context.close()


def test_an_authority_enters_orders(site: Site) -> None:
    """R6.1, R6.3, R6.4: all seventeen are offered; one entered after it was issued is flagged."""
    page = site.page("issuer")
    page.goto(f"{site.server.url}/desk")
    page.get_by_role("link", name="Orders of service").click()
    page.locator("tbody th a").first.click()
    expect(page.locator("#kind option")).to_have_count(18)
    page.locator("#kind").select_option("promotion")
    page.get_by_role("button", name="Go on").click()
    page.locator("#order_no").fill("12/2026")
    page.locator("#issued_at").fill("2030-01-01T10:00")
    page.locator("#designation").select_option("lecturer")
    site.shot(page, "order-1280")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("status")).to_contain_text("in the ledger")
    page.locator("#kind").select_option("transfer")
    page.get_by_role("button", name="Go on").click()
    page.locator("#order_no").fill("13/2026")
    page.locator("#issued_at").fill("2026-01-01T10:00")
    page.locator("#from_office").fill("s1")
    page.locator("#to_office").fill("nowhere")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator("#to_office-wrong")).to_be_visible()
    expect(page.locator("#order_no")).to_have_value("13/2026")
    page.locator("#to_office").fill("s2")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("status")).to_contain_text("Back-entered")
    site.shot(page, "orders-1280")
    page.goto(f"{site.server.url}/service/late")
    expect(page.locator("tbody")).to_contain_text("13/2026")
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    assert "13/2026" in Path(saved.value.path()).read_text("utf-8-sig")
    person = page.locator("tbody th a").first.get_attribute("href") or ""
    page.context.close()
    entered_at_the_console(site, person)


def test_an_administrator_keeps_offices_and_lists(site: Site) -> None:
    """R1.7, R6.8."""
    page = site.page("admin")
    page.goto(f"{site.server.url}/offices")
    site.shot(page, "offices-1280")
    page.locator("#code").fill("S 9")
    page.locator("#name").fill("Sample School 009")
    page.locator("#name_hi").fill("नमूना विद्यालय 009")
    page.locator("#parent").fill("z1")
    page.get_by_role("button", name="Open an office").click()
    expect(page.locator("#code-wrong")).to_be_visible()
    page.locator("#code").fill("s9")
    page.get_by_role("button", name="Open an office").click()
    expect(page.locator("h1")).to_contain_text("Sample School 009")
    page.get_by_role("link", name="Stage").click()
    page.locator("#life").select_option("live")
    page.locator("#order_no").fill("1/2026")
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator("h1")).to_contain_text("Live")
    page.get_by_role("link", name="Stage").click()
    page.locator("#life").select_option("mapped")
    page.locator("#order_no").fill("2/2026")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("alert")).to_contain_text("does not become")
    life_of_an_office(page)
    site.shot(page, "office-1280")
    page.goto(f"{site.server.url}/masters?which=divisions")
    page.locator("#code").fill("sports")
    page.locator("#name").fill("Sports")
    page.locator("#name_hi").fill("खेल")
    page.locator("#register_by").fill("2026-01-31")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("tbody")).to_contain_text("Sports")
    site.shot(page, "masters-1280")
    assert page.goto(f"{site.server.url}/organisations").status == 404  # type: ignore[union-attr]
    page.context.close()


def test_custody_is_reported_handed_over_and_certified(site: Site) -> None:
    """R4.2 to R4.4: asked for from above, due in two days; the zonal custodian takes the register away; the portal goes
    to the senior-most official posted there, which ends the other's session; then the district certifies."""
    chief, clerk = (
        site.ask(
            "select lower(hex(p.ref)), p.name from person p join employee e on e.person = p.ref "
            "join office o on o.id = p.office where o.code = 'z1' and e.designation like ? limit 1",
            post,
        )[0]
        for post in ("zonal-officer", "senior-assistant")
    )
    zonal, above, district = (site.page(who) for who in ("zonal", "admin", "district"))
    above.goto(f"{site.server.url}/custody")
    above.locator("#where").select_option(f"{ORG}/st/d1/z1/")
    above.locator("#why").fill("circular of today")
    above.get_by_role("button", name="Ask", exact=True).click()
    asked = above.locator("li", has_text="circular of today")
    in_two_days = dt.datetime.now(IST) + dt.timedelta(days=2)
    expect(asked).to_contain_text(f"Sample Zone 1: circular of today Due {in_two_days:%d.%m.%Y}")

    zonal.goto(f"{site.server.url}/desk")
    zonal.get_by_role("link", name="Custody register").click()
    expect(zonal.locator("li", has_text="circular of today")).to_be_visible()
    expect(zonal.get_by_role("button", name="Certify")).to_have_count(0)
    with zonal.expect_download() as saved:
        zonal.get_by_role("link", name="Register as CSV").click()
    heads, *rows = Path(saved.value.path()).read_text("utf-8-sig").splitlines()
    assert (
        heads == "S.No,Name of Office CEO/ZEO,Name of Official entrusted Charge of Biometric/Faceapp,Design.,Mobile No"
    )
    assert rows == ["1,Sample Zone 1,Sample zonal_custodian,,"], "of one's own zone"

    for (ref, name), given in ((clerk, False), (chief, True)):
        district.goto(f"{site.server.url}/people/{ref}")
        district.get_by_role("link", name="New account").click()
        expect(district.locator("#person")).to_have_value(str(ref))
        district.locator("#name").fill(str(name))
        district.locator("#login").fill(f"of.{ref}")
        district.locator("#where").select_option(f"{ORG}/st/d1/z1/")
        district.get_by_role("button", name="Make the account").click()
        expect(district.locator(".done .key")).to_be_visible()
        district.locator("#role").select_option("zonal_custodian")
        district.locator("#where").select_option(f"{ORG}/st/d1/z1/")
        district.locator("#reason").fill("order 7 of today")
        district.get_by_role("button", name="Give the role").click()
        if given:
            expect(district.locator("table")).to_contain_text("order 7 of today")
        else:
            expect(district.get_by_role("alert")).to_contain_text("belongs to the senior-most official")
            expect(district.locator("#reason")).to_have_value("order 7 of today")
            expect(district.locator("#exception")).to_have_count(0)  # the state's alone
    zonal.goto(f"{site.server.url}/custody")
    zonal.wait_for_url("**/login")  # who handed over has nothing open any more

    district.goto(f"{site.server.url}/custody")
    register = district.locator("tbody tr", has_text="Sample Zone 1")
    expect(register).to_contain_text(str(chief[1]))
    expect(register).to_contain_text("Zonal Education Officer")
    went = district.locator("li", has_text="order 7 of today")
    expect(went).to_contain_text(f"Sample zonal_custodian → {chief[1]}")
    district.locator("li", has_text="circular of today").get_by_role("button", name="Certify").click()
    expect(district.locator("li", has_text="circular of today")).to_contain_text("certified")
    site.shot(district, "custody-1280")
    district.goto(f"{site.server.url}/custody?lang=hi")
    expect(district.locator("tbody th", has_text="क्षेत्र")).to_have_count(1)
    site.shot(district, "custody-hi-1280")
    for one in (zonal, above, district):
        one.context.close()


def test_coverage_tells_what_is_outstanding(site: Site) -> None:
    """R1.17."""
    page = site.page("head", 390)
    page.goto(f"{site.server.url}/coverage")
    site.shot(page, "coverage-390")
    expect(page.locator("h1")).to_contain_text("Sample School 001")
    expect(page.locator("#level")).to_have_count(0)  # one's own office alone
    assert _registered(page, "#sections") == int(page.locator(".tile dd").first.inner_text()) > 0
    page.context.close()
    page = site.page("admin")
    page.goto(f"{site.server.url}/coverage")
    total = int(page.locator(".tile dd").first.inner_text())
    assert _registered(page, "#level") + _registered(page, "#sections") == total
    site.shot(page, "coverage-1280")
    while (links := page.locator("#level th a")).count():
        links.first.click()
        expect(page.locator(".crumbs")).to_be_visible()
    expect(page.locator("#sections tbody tr").first).to_be_visible()
    site.shot(page, "coverage-office-1280")
    page.context.close()


def _registered(page: Page, table: str) -> int:
    return sum(int(one) for one in page.locator(f"{table} td:nth-child(3)").all_text_contents())


def test_consent_is_taken_back(site: Site) -> None:
    """R5.12, S6."""
    one = register(site, 21)
    page = site.page("nodal")
    page.goto(f"{site.server.url}/registrations/{one}")
    page.get_by_role("button", name="verify").click()
    page.get_by_role("link", name="The person's page").click()
    site.shot(page, "person-1280")
    page.locator("#reason").fill("letter of today")
    page.locator("#sure").check()
    page.get_by_role("button", name="Take consent back and erase").click()
    expect(page.get_by_role("status")).to_contain_text("Erased on")
    expect(page.locator("body")).not_to_contain_text("Sample Applicant 21")
    assert site.ask("select name, email from registration where id = ?", one) == [("—", "")]
    page.context.close()


def test_an_organisation_asks_and_proves_its_address(site: Site) -> None:
    """R1.11."""
    page = site.page(width=390)
    page.goto(f"{site.server.url}/apply")
    for name, value in {"name": "Sample Board", "name_hi": "नमूना मंडल", "nodal_name": "Sample Officer"}.items():
        page.locator(f"#{name}").fill(value)
    page.locator("#nodal_email").fill("nodal@example.invalid")
    page.locator("#nodal_mobile").fill("9000000001")
    page.locator("#request").set_input_files(
        {"name": "r.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 sample"}
    )
    solve(page)
    page.get_by_role("button", name="Send the request").click()
    page.locator("#code").fill("000000")
    site.shot(page, "applied-390")
    page.get_by_role("button", name="Prove").click()
    answered = page.locator("#code-wrong").or_(page.get_by_role("status").filter(has_text="proved"))
    expect(answered.first).to_be_visible()  # wrong; and one time in a million right
    assert json.dumps(site.ask("select state from org_application")) == '[["applied"]]'
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "hi"])
def test_every_page_fits_a_phone_and_a_desk_in_both_languages(site: Site, width: int, language: str) -> None:
    ref = site.ask(
        "select lower(hex(ref)) from person where office = (select id from office where code = 's1') limit 1"
    )[0][0]
    at = site.ask("select lower(hex(id)) from office where code = 's1'")[0][0]
    masters = [f"/masters?which={which}" for which in ("designations", "locations", "settings")]
    pages = {
        "nodal": ["/desk", "/registrations", "/people/import", "/people", f"/people/{ref}", "/provisional"],
        "issuer": ["/service", f"/service/{ref}?kind=joining", "/service/late"],
        "admin": ["/offices", f"/offices/{at}?kind=describe", *masters, "/coverage"],
        "": ["/register", f"/register/{ORG}", f"/register/{ORG}/s1", "/apply"],
    }
    for who, paths in pages.items():
        page = site.page(who, width, language)
        for path in paths:
            answer = page.goto(site.server.url + path)
            assert answer is not None
            assert answer.status == 200, path
            assert page.evaluate("document.documentElement.lang") == language
            if language == "hi" and not path.startswith("/offices/"):  # there both names stand beside each other
                expect(page.locator("main")).not_to_contain_text(
                    re.compile("Sample (School|Zone|District|Directorate)")
                )
            name = path.partition("?")[0].replace(str(ref), "one").replace(str(at), "one").strip("/").replace("/", "-")
            site.shot(page, f"all-{name}-{path.partition('=')[2]}-{language}-{width}")
        page.context.close()
