"""The collector leaves alone what a server has loaded, and still frees cycles that messages leave behind."""

import gc
import subprocess
import sys
import textwrap

from tests.unit.server.process import ROOT


def test_what_stays_is_not_looked_at_again_and_cycles_still_go() -> None:
    """In a process of its own: there is one collector a process."""
    code = textwrap.dedent(
        """
        import gc, weakref
        from server import heap

        class Node:
            pass

        gc.collect()
        before = len(gc.get_objects())
        heap.settle()
        print(gc.get_freeze_count() > 0.9 * before, len(gc.get_objects()) < before / 10)
        seen = []
        for n in range(200_000):
            one = Node()
            one.self = one
            if n == 0:
                seen.append(weakref.ref(one))
        del one
        print(seen[0]() is None)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
    assert gc.get_freeze_count() == 0
