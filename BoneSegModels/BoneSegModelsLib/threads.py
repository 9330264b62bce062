"""How many threads run networks."""

from __future__ import annotations

import os

MOST_THREADS = 8
"""Each thread needs some 100 MB."""


def thread_count() -> int:
    """Number of threads that run networks: as many as processors this process may use, but at most 8.

    Fewer where the environment variable OMP_NUM_THREADS says so, which torch heeds too.
    """
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted) > 0:
        return min(int(wanted), MOST_THREADS)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(processors or 1, MOST_THREADS)
