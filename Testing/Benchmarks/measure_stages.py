"""Do what ``vhi measure`` does, stage by stage, in a fresh process, and print the seconds of each stage as JSON.

Started by process.py; the arguments are STIR, T1w, normal bone, disease region and the folder for results.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def main(stir: str, t1w: str, normal_bone: str, disease_region: str, out: str) -> dict[str, float]:
    """Wall seconds by stage."""
    clock = Stages()
    from VHIWorkflowLib.command_line.main import build_parser

    build_parser()
    clock.lap("command line")
    import VHIWorkflowLib.study.measure_case  # noqa: F401  all that the command imports
    from VHIWorkflowLib.study import reading

    clock.lap("imports: numpy, own modules")
    import filelock  # noqa: F401
    import SimpleITK  # noqa: F401

    clock.lap("imports: SimpleITK, filelock")
    from VHIWorkflowLib.files.scans import Scan
    from VHIWorkflowLib.study.case_inputs import CaseFiles, load_case
    from VHIWorkflowLib.study.case_record import CaseKey

    files = CaseFiles(Scan(Path(stir)), Scan(Path(t1w)), (Path(normal_bone),), Path(disease_region))
    loaded = load_case(files)
    clock.lap("reading")
    files.inputs()
    clock.lap("  of it hashing")
    case = reading.Reading(CaseKey("case", "baseline", "stages"), loaded, reading.Sitting(Path(out)), autosave=False)
    clock.lap("computing: masks, islands, session")
    case.stability()
    clock.lap("computing: stability")
    case.finish()
    clock.lap("writing", without="computing: stability")
    return clock.seconds


class Stages:
    """Seconds since the last lap."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str, *, without: str | None = None) -> None:
        """Note a stage; ``without`` names one that it repeats."""
        now = time.perf_counter()
        self.seconds[name] = now - self._last - (self.seconds[without] if without else 0.0)
        self._last = now


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
