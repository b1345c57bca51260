"""What a library is spared of, nobody else is."""

import subprocess
import sys
from pathlib import Path

from sync.without import without

ROOT = Path(__file__).parents[3]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_link_spares_what_only_proxies_need_and_others_still_get_it() -> None:
    said = run(
        "import sys, sync.mqtt; before = {'http.client', 'urllib.request'} & set(sys.modules);"
        "import urllib.request; print(before, urllib.request.build_opener.__name__)"
    )
    assert said == "set() build_opener\n"


def test_a_name_is_empty_inside_and_unknown_again_outside() -> None:
    with without("nobody.loads.this"):
        assert not hasattr(sys.modules["nobody.loads.this"], "anything")
    assert "nobody.loads.this" not in sys.modules
    with without("json"):
        assert sys.modules["json"].dumps(1) == "1"
    assert "json" in sys.modules


def test_what_was_loaded_before_stays() -> None:
    said = run("import urllib.request as it, sys, sync.mqtt; print(it is sys.modules['urllib.request'], it.getproxies)")
    assert said.startswith("True <function")
