"""Leave no core: a process that ends by a fault does not write its memory, with keys and digits in it, to a disk.

Both are needed: a limit of zero stops the file, but a handler that the kernel pipes the memory to runs all the same
(core(5)); a process that cannot be dumped is piped to nobody, and no other process of its user may look into it.
"""

import contextlib
import ctypes
import resource

_PR_SET_DUMPABLE = 4  # prctl(2)


def leave_no_core() -> None:
    """For this process and, as far as the limit goes, for those it starts. Never raises: a limit that was lowered
    already, or may not be changed, is as well."""
    with contextlib.suppress(OSError, ValueError):  # forbidden where a service manager has set the limit itself
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
