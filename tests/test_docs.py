"""The guides say what is so: the site builds strictly, every link leads somewhere, the examples work as they stand."""

import contextlib
import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from docs.site import api, links, pages, poster
from docs.site.__main__ import build, gather
from edge.__main__ import parser as edge_parser
from server.__main__ import _parser as server_parser
from server.__main__ import command
from server.web.app import openapi

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
GUIDES = ("employee", "technician", "district", "operator", "developer")
A4_MM = (210, 297)


# ── the site ──


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("docs")
    gather(ROOT, out)
    assert build(out)
    return out / "site"


def test_every_link_of_the_site_leads_somewhere(site: Path) -> None:
    assert links.broken(site) == []


def test_every_document_is_a_page_and_the_guides_come_first(site: Path) -> None:
    built = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {page.replace(".md", ".html") for page in pages.homes(ROOT).values()} <= built
    front = (site / "index.html").read_text()
    assert [name for name in GUIDES if f'href="{name}.html"' not in front] == []


def test_nothing_on_a_page_is_fetched_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        for tag in re.findall(r"<(?:script|img|iframe|link)\b[^>]*>", page.read_text()):
            assert "canonical" in tag or not re.search(r"(?:src|href)=.?(?:https?:)?//", tag), f"{page.name}: {tag}"


def test_the_reference_has_every_endpoint_and_who_may_ask(site: Path) -> None:
    spec = openapi()
    told = api.reference()
    for path, methods in spec["paths"].items():
        for method in methods:
            assert f"### {method.upper()} {path}\n" in told
    assert told.count("*Who:* ") == sum(len(methods) for methods in spec["paths"].values())
    assert json.loads((site / "openapi.json").read_text()) == json.loads(json.dumps(spec))


def test_the_poster_is_one_page_of_a4_in_both_languages(site: Path) -> None:
    (only,) = poster.laid_out().pages
    assert tuple(round(px * 25.4 / 96) for px in (only.width, only.height)) == A4_MM
    text = poster.page()
    assert text.count("data:image/png;base64,") == len(poster.SHOWN)
    assert "हाज़िरी कैसे लगाएँ" in text
    assert "How to mark your attendance" in text
    assert (site / "poster.pdf").read_bytes().startswith(b"%PDF-")


# ── what is broken is seen ──


def test_a_link_to_what_is_not_there_stops_the_gathering(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.md").write_text("# One\n\n[gone](../server/gone.md) [over two\nlines](nowhere.md)\n")
    with pytest.raises(pages.PageError, match=r"docs/one\.md: \.\./server/gone\.md is not there"):
        pages.rendered(tmp_path, "docs/one.md", pages.homes(tmp_path))


@pytest.mark.parametrize("text", ["[x](one.md#nowhere)", "[x](other.md)"])
def test_the_generator_refuses_a_bad_anchor_and_a_bad_page(text: str, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "one.md").write_text(f"# One\n\n{text}\n")
    settings = (ROOT / "mkdocs.yml").read_text().split("\nnav:")[0]
    (tmp_path / "mkdocs.yml").write_text(settings + "\nnav:\n  - One: one.md\n")
    assert not build(tmp_path)


def test_links_are_followed_in_what_was_built(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="b.html#here">1</a><a href="b.html#there">2</a><img src="c.png">')
    (tmp_path / "b.html").write_text(
        '<h2 id="here">B</h2><a href="a.html">back</a><a href="https://example.org">out</a>'
    )
    assert links.broken(tmp_path) == ["a.html: b.html#there: has no such place", "a.html: c.png: is not there"]


def test_a_page_that_nobody_named_is_in_the_navigation_all_the_same() -> None:
    nav = pages.navigation([{"A": "a.md"}], {"a.md": "A", "b.md": "Bee"})
    assert nav == [{"A": "a.md"}, {pages.REST: [{"Bee": "b.md"}]}]
    with pytest.raises(pages.PageError, match=r"gone\.md"):
        pages.navigation([{"A": [{"B": "gone.md"}]}], {"a.md": "A"})


def test_a_link_to_a_source_becomes_its_path_and_one_to_a_page_the_page(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "vitals.py").write_text("")
    (tmp_path / "edge" / "README.md").write_text("# E\n")
    said = "[vitals](../edge/vitals.py), [the edge](../edge/README.md#a)\n```sh\n[x](../none.md)\n```\ntext\n- item\n"
    (tmp_path / "docs" / "one.md").write_text(said)
    text = pages.rendered(tmp_path, "docs/one.md", pages.homes(tmp_path))
    assert text.startswith("vitals (`edge/vitals.py`), [the edge](rooms/edge.md#a)\n")
    assert "[x](../none.md)" in text
    assert "text\n\n- item" in text


# ── the guides, followed ──


def block(page: str, head: str) -> str:
    """The fenced block of a guide that begins with this line, or is of this language and holds it."""
    found = re.search(rf"^```\w+\n({re.escape(head)}.*?)^```$", (ROOT / "docs" / f"{page}.md").read_text(), re.M | re.S)
    assert found, head
    return found[1]


def typed(page: str, head: str) -> list[list[str]]:
    """The words of each command of a block, without remarks."""
    return [shlex.split(line, comments=True) for line in block(page, head).splitlines() if line.strip()]


PROGRAMS = {"hazri-edge": edge_parser, "hazri-server": server_parser}
TOLD = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("[dems]*/**/README.md"))]


def shown(text: str) -> list[list[str]]:
    """The words of every command of ours on a page, up to a pipe or a `>`: all in blocks, in a line those with options.

    What a line abbreviates, with | and [ ], is not one command.
    """
    blocks = "".join(re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S)).replace("\\\n", " ")
    lines = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    told = re.findall(r"(?:^|[|&;$] *)(hazri-(?:edge|server) [^|&;\n]*)", blocks, re.M)
    told += [one for one in re.findall(r"`(hazri-(?:edge|server) [^`]* --[^`]*)`", lines) if not set(one) & set("|[")]
    every = (shlex.split(one.replace("\n", " "), comments=True) for one in told)
    return [list(itertools.takewhile(lambda word: word not in "<>", words)) for words in every]


@pytest.mark.parametrize("page", TOLD, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_shown_is_one_the_programs_take(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With all it must be given; a page that shows none has none to try."""
    for words in shown(page.read_text()):
        with contextlib.suppress(SystemExit):  # as --help ends
            PROGRAMS[words[0]]().parse_args(words[1:])
        assert (shlex.join(words), capsys.readouterr().err) == (shlex.join(words), "")


def test_a_command_that_lacks_something_is_seen() -> None:
    page = "`hazri-server claim make --replaces` `hazri-edge sim [--tcp]`\n```sh\n$ hazri-edge logs | less  # x\n```\n"
    assert shown(page) == [["hazri-edge", "logs"], ["hazri-server", "claim", "make", "--replaces"]]
    for program, *rest in shown(page):
        with pytest.raises(SystemExit):
            PROGRAMS[program]().parse_args(rest)


@pytest.fixture(scope="module")
def badge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of "a driver in an hour", as the page shows it, installed by pip in a folder of its own."""
    folder = tmp_path_factory.mktemp("badge")
    for name in ("pyproject.toml", "hazri_badge.py", "test_badge.py", "edge.toml"):
        (folder / name).write_text(block("developer", f"# {name}"))
    program, verb, *rest = typed("developer", "pip install")[0]
    assert (program, verb) == ("pip", "install")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--target", "installed", *rest]
    subprocess.run(pip, cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(("place", "said"), [(1, "3 passed"), (2, "settings ok: 1 sensor"), (3, "a reader of badges")])
def test_a_driver_in_an_hour(badge: Path, place: int, said: str) -> None:
    """Each command of the page ends well: the driver's own tests, the settings, the list of drivers."""
    commands = typed("developer", "pip install")
    assert len(commands) == 4, "a command of the page is not tried here"
    program, *rest = commands[place]
    path = os.pathsep.join([str(badge / "installed"), str(ROOT)])
    rest += ["-p", "no:cacheprovider", "-o", "addopts=", "--rootdir", str(badge)] if program == "pytest" else []
    done = subprocess.run(
        [BIN / program, *rest], cwd=badge, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout


@pytest.fixture(scope="module")
def department(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's guide up to its offices: a folder with settings, and the file of offices it shows."""
    folder = tmp_path_factory.mktemp("department")
    (folder / "server.toml").write_text(f'state_dir = "{folder}/server"\n')
    (folder / "offices.csv").write_text(block("operator", "code,under"))
    (folder / "people.csv").write_text(block("operator", "name,born_on"))
    (folder / "photos").mkdir()
    Image.effect_noise((320, 400), 64).convert("RGB").save(folder / "photos" / "sample.jpg", quality=60)
    return folder


def run(words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A command of a guide as typed there, in this process; `< FILE` and `> FILE` as a shell has them."""
    assert words[0] == "hazri-server"
    plain = list(itertools.takewhile(lambda word: word not in "<>", words[1:]))
    if "<" in words:
        data = (folder / words[words.index("<") + 1]).read_bytes()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), "utf-8"))
    monkeypatch.chdir(folder)
    return command([*plain, "--config", str(folder / "server.toml")])


def test_a_department_and_a_policy_in_ten_minutes(
    department: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator's and the developer's commands, in the order of the pages; R2.2 as the explanation says it."""
    for words in typed("operator", "hazri-server org make"):
        filled = [word.replace("NAME", "officer") for word in words]
        assert run(filled, department, monkeypatch) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    assert "s1  Sample School" in out
    assert "1 rows: registered" in out
    assert "contractual  academic             Sample Person" in out
    (department / "our-board-2027.toml").write_text(block("developer", "# our-board-2027.toml"))
    for words in typed("developer", "hazri-server policy check") + typed("developer", "hazri-server policy keep"):
        assert run(words, department, monkeypatch) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    assert "our-board-2027.toml: sound" in out
    assert "first IN 09:45:59" in out
    assert "हमारा बोर्ड" in out
    assert "    at sample /dir/d1/ from 2027-01-01 until further orders, 12/2027" in out.splitlines()
    assert "state-default" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere-1", "--since", "2027-01-01"], "'nowhere-1' is no policy; known: "),
        (["state-default", "--since", "2027-01-01", "--office", "/dir/"], "--office needs --org"),
        (["state-default", "--since", "2027-01-01", "--org", "gone"], "no such organisation"),
        (["state-default", "--since", "1999-01-01"], "1999"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_in_words(
    words: list[str], said: str, department: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hazri-server", "policy", "choose", *words], department, monkeypatch) == 1
    assert said in capsys.readouterr().err
