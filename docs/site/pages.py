"""Which files are pages of the site, what they are called there, and how a link between files becomes one of pages."""

import posixpath
import re
from pathlib import Path
from typing import Any

_CODE = re.compile(r"(^ *```.*?^ *```[ \t]*$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^)\s]+)\)")
_ITEM = re.compile(r"^( {0,3})([-*]|\d+\.) +")
REST = "Further pages"


class PageError(Exception):
    """A link or an entry of the navigation leads nowhere: which, and where."""


def homes(root: Path) -> dict[str, str]:
    """Where each page is edited, from the root, and what it is called on the site."""
    found = {f"docs/{path.name}": path.name for path in sorted((root / "docs").glob("*.md"))}
    found |= {path.name: path.name.lower() for path in sorted(root.glob("*.md"))}
    for path in sorted(root.glob("*/**/README.md")):
        home = path.relative_to(root)
        if home.parts[0] in {"edge", "server", "drivers", "matching", "sync", "config", "systemd"}:
            found[str(home)] = f"rooms/{'-'.join(home.parts[:-1])}.md"
    return found


def rendered(root: Path, home: str, homes: dict[str, str]) -> str:
    """The text of a page with its links as the site needs them. Raises PageError for a link that leads nowhere.

    A link to a file that is no page (source, settings) becomes that file's path from the root: the site has no sources.
    """
    parts = _CODE.split((root / home).read_text())
    made = [
        part if at % 2 else _lists(_LINK.sub(lambda hit: _link(root, home, homes, hit), part))
        for at, part in enumerate(parts)
    ]
    return "".join(made)


def _lists(text: str) -> str:
    """Markdown in Python wants an empty line before a list, and four spaces before an inner one."""
    out: list[str] = []
    for line in text.split("\n"):
        item, last = _ITEM.match(line), out[-1] if out else ""
        if item and not item[1] and last and not _ITEM.match(last) and not last.startswith(" "):
            out.append("")
        out.append("    " + line.lstrip() if item and len(item[1]) > 1 else line)
    return "\n".join(out)


def _link(root: Path, home: str, homes: dict[str, str], hit: re.Match[str]) -> str:
    sign, text, target = hit.groups()
    if re.match(r"[a-z]+:|#", target):
        return hit[0]
    path, _, anchor = target.partition("#")
    there = posixpath.normpath(posixpath.join(posixpath.dirname(home), path))
    here = posixpath.dirname(homes[home])
    if there in homes:
        return f"{sign}[{text}]({posixpath.relpath(homes[there], here or '.')}{'#' + anchor if anchor else ''})"
    if there.startswith("docs/pictures/") and (root / there).is_file():
        return f"{sign}[{text}]({posixpath.relpath(there.removeprefix('docs/'), here or '.')})"
    if not (root / there).exists():
        raise PageError(f"{home}: {target} is not there")
    return text if there in text else f"{text} (`{there}`)"


def title(page: Path) -> str:
    """Its first heading."""
    found = re.search(r"^# (.+)$", page.read_text(), re.MULTILINE)
    return found[1] if found else page.stem


def navigation(nav: list[Any], titles: dict[str, str]) -> list[Any]:
    """The navigation as settings give it, and whatever page it does not name under one heading at its end.

    Raises PageError for an entry without its page.
    """
    named = set(_pages(nav))
    absent = sorted(named - set(titles) - {"api.md"})
    if absent:
        raise PageError(f"mkdocs.yml names {', '.join(absent)}, and there is no such page")
    rest = [{text: page} for page, text in titles.items() if page not in named]
    return [*nav, {REST: rest}] if rest else nav


def _pages(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    inner = nav.values() if isinstance(nav, dict) else nav
    return [page for one in inner for page in _pages(one)]
