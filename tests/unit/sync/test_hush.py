"""A process that is quiet leaves no core, whatever ends it."""

import ctypes
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from sync.hush import leave_no_core

_CRASH = "import os, signal\n{}os.kill(os.getpid(), signal.SIGSEGV)"
_HUSH = "from sync.hush import leave_no_core\nleave_no_core()\n"


def _dies(tmp_path: Path, first: str) -> int:
    """With every core allowed; the raw status of its end, whose eighth bit says that a core was taken."""

    def allow() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    root = Path(__file__).parents[3]
    code = (
        "import os, sys\nif (child := os.fork()) == 0:\n"
        f"    os.chdir({str(tmp_path)!r})\n    exec({_CRASH.format(first)!r})\n"
        "print(os.waitpid(child, 0)[1])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, preexec_fn=allow, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_no_core_is_taken(tmp_path: Path) -> None:
    """S8: keys and digits in memory do not come to lie on the card."""
    assert _dies(tmp_path, _HUSH) & 0x80 == 0
    assert list(tmp_path.iterdir()) == []


def test_without_it_one_would_be(tmp_path: Path) -> None:
    """The test above can fail: the same end without the precaution is one the kernel takes a core of."""
    assert _dies(tmp_path, "") & 0x80


def test_nobody_of_the_same_user_may_look_in() -> None:
    code = _HUSH + "import ctypes\nprint(ctypes.CDLL(None).prctl(3), resource.getrlimit(resource.RLIMIT_CORE))"
    code = "import resource\n" + code
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "(0,", "0)"]


@pytest.mark.parametrize("refusal", [OSError, ValueError])
def test_a_limit_that_may_not_be_changed_hinders_nothing(
    refusal: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S8. Only the limit is stood in for: once lowered, this process could not have it back for the tests above."""
    asked = []

    def refuse(*limit: object) -> None:
        asked.append(limit)
        raise refusal

    monkeypatch.setattr(resource, "setrlimit", refuse)
    prctl = ctypes.CDLL(None).prctl
    before = prctl(3)
    prctl(4, 1, 0, 0, 0)
    try:
        leave_no_core()
        assert prctl(3) == 0
    finally:
        prctl(4, before, 0, 0, 0)
    assert asked == [(resource.RLIMIT_CORE, (0, 0))]
