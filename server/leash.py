"""Run a program that must not outlive its parent: `python -I -S leash.py PARENT_PID USER|- PROGRAM [ARG …]`.

It gives up root first (a change of user clears the parent-death signal), asks the kernel for SIGTERM when the parent
ends, however it ends, and then becomes the program. A file of its own because nothing of this is safe between fork
and exec in a process that has threads.
"""

import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def tied(command: Sequence[str], user: str | None = None) -> list[str]:
    """The command that runs `command` on a leash of this process, as `user` (None: as whom we run)."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), user or "-", *command]


def main(arguments: list[str]) -> None:
    parent, user, *command = arguments
    if user != "-":
        account = pwd.getpwnam(user)
        os.setgroups([account.pw_gid])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != int(parent):
        sys.exit("the parent has gone already")
    os.execvp(command[0], command)  # noqa: S606 - the command is the supervisor's own


if __name__ == "__main__":
    main(sys.argv[1:])
