"""`make requirements`: each requirement R1.1 to R6.8 with the tests that cite it, and how they last ended.

A test cites a requirement in its docstring or in a comment inside it; a file's docstring cites for all its tests. How
tests ended is read from pytest's cache (`.pytest_cache`): run them first.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAST = {1: 17, 2: 10, 3: 9, 4: 7, 5: 12, 6: 8}
_CITED = re.compile(r"\bR([1-6])\.(\d{1,2})(?:\s*(?:to|–|-)\s*R\1\.(\d{1,2}))?\b")


def main() -> int:
    """Print the table; 1 where a requirement has no passing test."""
    found: dict[str, list[str]] = {name: [] for name in wanted()}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, test in cited(path):
            if name in found and test not in found[name]:
                found[name].append(test)
    failed = failures()
    bare = 0
    for name, tests in found.items():
        good = [test for test in tests if not any(one.startswith(test) for one in failed)]
        bare += not good
        verdict = "none" if not tests else "FAILED" if not good else f"{len(good)} of {len(tests)} pass"
        example = min(good or tests, key=len, default="")
        sys.stdout.write(f"{name:<6} {verdict:<16} {example}\n")
    sys.stdout.write(f"{len(found) - bare} of {len(found)} requirements have a passing test\n")
    return 1 if bare else 0


def wanted() -> list[str]:
    return [f"R{part}.{n}" for part, last in LAST.items() for n in range(1, last + 1)]


def cited(path: Path) -> Iterator[tuple[str, str]]:
    """Requirement and test, as pytest names it."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    lines = text.splitlines()
    of_file = set(_names(ast.get_docstring(tree) or ""))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            own = "\n".join(lines[first - 1 : node.end_lineno])
            for name in of_file | set(_names(own)):
                yield name, f"{path.relative_to(ROOT)}::{node.name}"


def _names(text: str) -> Iterator[str]:
    for part, first, last in _CITED.findall(text):
        for n in range(int(first), int(last or first) + 1):
            yield f"R{part}.{n}"


def failures() -> set[str]:
    """Tests that ended badly when they last ran."""
    path = ROOT / ".pytest_cache/v/cache/lastfailed"
    return set(json.loads(path.read_text())) if path.exists() else set()


if __name__ == "__main__":
    sys.exit(main())
