"""Workers are forked where that is safe, and start from nothing where it is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

START_METHOD = """
import threading
from VHIWorkflowLib.study import workers
workers.use_one_thread_each()
import numpy
from VHIWorkflowLib.study.batch import run_batch
wait = threading.Event()
if {threads}:
    threading.Thread(target=wait.wait, daemon=True).start()
print(workers._context().get_start_method())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every process starts from nothing")
@pytest.mark.parametrize(("threads", "method"), [(0, "fork"), (1, "spawn")])
def test_a_process_is_forked_only_while_it_has_one_thread(threads: int, method: str) -> None:
    code = START_METHOD.format(threads=threads)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == method
