"""Processes that measure cases, and end with the process that started them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess

Given = TypeVar("Given")
Found = TypeVar("Found")


def use_one_thread_each() -> None:
    """Keep numpy from starting threads: workers share the processors, and a process without threads can be forked.

    To be called before numpy is loaded.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def worker_pool(jobs: int) -> ProcessPoolExecutor:
    """A pool of processes."""
    threads = max((os.cpu_count() or 1) // jobs, 1)
    return ProcessPoolExecutor(jobs, mp_context=_context(), initializer=_begin_worker, initargs=(threads,))


def in_processes(
    work: Callable[[Given], Found], items: Sequence[Given], jobs: int, *, fewest: int = 2, at_once: int = 1
) -> Iterator[Found]:
    """What a function gives for each item, in order, several items at a time.

    Parameters
    ----------
    work
        A function of a module, so that another process finds it by its name.
    items
        What it is given, one at a time.
    jobs
        How many processes; with one, no other process is started.
    fewest
        Fewer items are done before other processes have started, and so are done here.
    at_once
        Items that a process takes at once.

    Raises
    ------
    BrokenProcessPool
        If an item ends a process; which one is not known.
    """
    if jobs < 2 or len(items) < fewest:
        yield from map(work, items)
        return
    pool = worker_pool(jobs)
    try:
        yield from pool.map(work, items, chunksize=at_once)
    finally:
        pool.shutdown(cancel_futures=True)


def _context() -> BaseContext:
    """How processes start.

    On Linux, forked from this one with all it has loaded, so that a batch starts as fast as a single case. That is safe
    only while this process has one thread; with more of them, or on another system, each starts from nothing.
    """
    import multiprocessing

    if sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _begin_worker(threads: int) -> None:
    """Leave Ctrl+C to the process that started this one, end with it when it is killed, and share the processors."""
    import multiprocessing
    import signal
    import threading

    os.environ.setdefault("OMP_NUM_THREADS", str(threads))  # for the networks
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)  # whatever is being written is replaced whole or not at all
