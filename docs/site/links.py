"""Every link of the built site, followed: does the file exist, and has it the place that is named?"""

import html.parser
import posixpath
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(html.parser.HTMLParser):
    """What a page points at, and what in it can be pointed at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.places |= {told[name] for name in ("id", "name") if name in told}
        if tag in {"a", "img", "script", "link", "source", "iframe"} and told.get("rel") != "canonical":
            self.targets += [told[name] for name in ("href", "src") if told.get(name)]


def broken(site: Path) -> list[str]:
    """One line a link that leads nowhere. Addresses elsewhere are not asked; scripts and styles must be our own."""
    found = {path.relative_to(site).as_posix(): _Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    return [
        f"{name}: {target}: {why}"
        for name, page in found.items()
        if name != "404.html"  # its links are made for any folder
        for target in page.targets
        if (why := _wrong(site, found, name, target))
    ]


def _wrong(site: Path, found: dict[str, _Page], name: str, target: str) -> str:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return ""
    path = unquote(parts.path)
    there = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
    if (site / there).is_dir():
        there = posixpath.normpath(posixpath.join(there, "index.html"))
    if not (site / there).is_file():
        return "is not there"
    if parts.fragment and there in found and parts.fragment not in found[there].places | {"__comments", ""}:
        return "has no such place"
    return ""
