"""How many files, and so connections, this process and those that it starts may have open."""

from __future__ import annotations

import contextlib

MOST = 65_536


def raise_open_files() -> None:
    """As many as this user may, up to MOST: the usual 1,024 are for the sake of programs that use select()."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = MOST if hard == resource.RLIM_INFINITY else min(hard, MOST)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
