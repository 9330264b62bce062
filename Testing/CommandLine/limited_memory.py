"""A program of ``test_malformed_command_line``: measures one malformed input after the other with little memory left.

It says on standard output, a JSON line for each, how ``vhi measure`` ended. The arguments are a folder to work in and
the bytes that may be allocated beyond what a good case has taken.
"""

from __future__ import annotations

import contextlib
import io
import json
import resource
import sys
from pathlib import Path

from CommandLine.test_malformed_command_line import OPTIONS, arguments_with
from Files.malformed import CATALOGUE
from VHIWorkflowLib.command_line.main import main


def ran(arguments: list[object]) -> dict[str, object]:
    """Exit status and standard error of ``vhi`` in this process."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        status = main([str(each) for each in arguments])
    return {"status": status, "err": said.getvalue()}


def limit_memory(more: int) -> None:
    """Let this process allocate some bytes more than it has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more, resource.RLIM_INFINITY))


def measure_all(folder: Path, more: int) -> None:
    """Measure the good case, then every malformed one."""
    good, out = folder / "good", folder / "out"
    good.mkdir()
    assert ran(arguments_with(good, out, {}))["status"] == 0
    limit_memory(more)
    for entry in CATALOGUE:
        spoilt = folder / entry.name
        spoilt.mkdir()
        end = ran(arguments_with(good, folder / "none", {OPTIONS[entry.argument]: entry.write(spoilt)}))
        print(json.dumps({"name": entry.name, **end}), flush=True)


if __name__ == "__main__":
    measure_all(Path(sys.argv[1]), int(sys.argv[2]))
