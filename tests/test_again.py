"""What failed beside others may pass alone; whatever else went wrong is never made good by another look."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLAKY = """
from pathlib import Path

def test_flaky():
    seen = Path("seen")
    before, _ = seen.exists(), seen.touch()
    assert before

def test_beside():
    pass
"""
FINE = "def test_fine(): pass\n"


def run(folder: Path, *args: str, **files: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    command = [sys.executable, "-m", "tests.again", "--workers", "2", *args]
    # No other plugins: they take their time to begin.
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p xdist -p pytest_cov"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **plugins}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


def test_what_passes_alone_passes_and_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, flaky=FLAKY, fine=FINE)
    assert done.returncode == 0, done.stdout
    assert "Once more, alone, for test_flaky.py::test_flaky:" in done.stdout
    assert done.stdout.rstrip().splitlines()[-1].startswith("2 passed"), "its whole file, and no other"


def test_what_fails_alone_too_fails(tmp_path: Path) -> None:
    done = run(tmp_path, bad="def test_bad(): assert False\n", fine=FINE)
    assert (done.returncode, "Once more" in done.stdout) == (1, True)


def test_where_all_passed_nothing_is_run_again(tmp_path: Path) -> None:
    done = run(tmp_path, fine=FINE)
    assert (done.returncode, "Once more" in done.stdout) == (0, False)


@pytest.mark.parametrize(
    ("why", "text", "args"),
    [
        ("a file that cannot be read", "import nowhere_to_be_found\n", ()),
        (
            "a file that one worker alone cannot read",
            "import os\nassert os.environ['PYTEST_XDIST_WORKER'] != 'gw0'\ndef test_never_run(): assert False\n",
            (),
        ),
        ("a worker that died", "import os\ndef test_death(): os._exit(3)\n", ()),
        ("tests that did not run", "def test_one(): assert False\ndef test_two(): pass\n", ("-x",)),
        ("arguments that make no sense", FINE, ("--no-such-option",)),
    ],
)
def test_nothing_else_is_forgiven(tmp_path: Path, why: str, text: str, args: tuple[str, ...]) -> None:
    done = run(tmp_path, *args, flaky=FLAKY, other=text)
    assert (done.returncode != 0, "Once more" in done.stdout) == (True, False), why


def test_more_than_a_busy_machine_explains_is_no_accident(tmp_path: Path) -> None:
    done = run(tmp_path, **{f"flaky{n}": FLAKY.replace('"seen"', f'"seen{n}"') for n in range(6)})
    assert (done.returncode, "Once more" in done.stdout) == (1, False)


def test_branches_left_out_are_not_forgiven(tmp_path: Path) -> None:
    (tmp_path / "half.py").write_text("def half(x):\n    if x:\n        return 1\n    return 2\n")
    covered = "import sys; sys.path.insert(0, '.')\nfrom half import half\ndef test_half(): assert half(1)\n"
    args = ("--cov=half", "--cov-branch", "--cov-fail-under=100")
    assert run(tmp_path, *args, half=covered).returncode != 0
    assert run(tmp_path, *args, half=covered, flaky=FLAKY).returncode != 0
    whole = covered + "def test_other_half(): assert half(0)\n"
    (tmp_path / "seen").unlink()
    done = run(tmp_path, *args, half=whole, flaky=FLAKY)
    assert (done.returncode, "Once more" in done.stdout) == (0, True), done.stdout
