"""`python -m tests.again --workers N ARGS`: pytest with these arguments over N processes, and once more what failed.

Wires, clocks, browsers and power cuts are real here, and a machine that several workers share may be too busy for one
of them. So the files in which a test failed are run again, alone; what fails there fails. Nothing is forgiven when it
was anything else: a test that did not run, a file that could not be read, a worker that died, too few branches covered,
or more files than a busy machine explains. CPython's own test runner does the same (`--rerun`).
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

MOST_FILES = 5
# A file's tests stay together: some share a broker, a database or a browser.
_SHARED = ("--dist", "loadfile", "--no-loadscope-reorder")


class Told:
    """What became of every test, as the process that shares them out is told."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._ended: set[str] = set()
        self._broken = False
        self.failed: set[str] = set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        self._asked.update(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: Any) -> None:
        self._broken = self._broken or error is not None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._broken = self._broken or report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)
        if report.when == "teardown":
            self._ended.add(report.nodeid)

    @property
    def files(self) -> list[str]:
        """The files to try again; none when all ran and none failed, or when it was no test that failed."""
        whole = not self._broken and self._asked == self._ended
        files = sorted({test.partition("::")[0] for test in self.failed})
        return files if whole and len(files) <= MOST_FILES else []


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.again", description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, required=True)
    known, given = parser.parse_known_args(argv)
    told = Told()
    code = pytest.main(["-q", "-n", str(known.workers), *_SHARED, *given], plugins=[told])
    if code != pytest.ExitCode.TESTS_FAILED or not told.files:
        return int(code)
    sys.stdout.write(f"\nOnce more, alone, for {', '.join(sorted(told.failed))}:\n")
    sys.stdout.flush()
    options = [one for one in given if one.startswith("-")]
    added = ["--cov-append"] if any(one.startswith("--cov") for one in options) else []
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *options, *added, *told.files], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
