"""`python -I -S tether.py PARENT PROGRAM [ARGUMENT…]`: become PROGRAM, which ends with the process PARENT, however that
ends. For programs of others; it is run as a file, and imports nothing that it can do without."""

from __future__ import annotations

import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
_WATCH_SECONDS = 0.2


def die_with_parent() -> None:
    """On Linux: the kernel kills this process, even a frozen one, when the thread that started it ends."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_group() -> None:
    """Be no part of the terminal's foreground group, so that Ctrl-C is its owner's alone. Done here and not by who
    starts this process, since uvloop cannot."""
    if sys.platform != "win32":
        os.setpgid(0, 0)


def _watch(parent: int, program: int) -> None:
    """Where the kernel does not do it: kill `program` once `parent` is no more."""
    while os.getppid() == program:
        try:
            os.kill(parent, 0)
        except OSError:
            os.kill(program, signal.SIGKILL)
        time.sleep(_WATCH_SECONDS)


def main(parent: int, command: list[str]) -> None:
    """Replaces this process; its pid stays."""
    die_with_parent()
    leave_group()
    if os.getppid() != parent:
        sys.exit("its parent has ended")
    if sys.platform != "linux":
        program = os.getpid()
        if os.fork() == 0:
            for number in (0, 1, 2):
                os.close(number)
            _watch(parent, program)
            os._exit(0)
    try:
        os.execv(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
