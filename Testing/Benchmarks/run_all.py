"""Run all benchmarks one after the other and print one report, with the targets met and missed at its end.

Nothing is written into the repository. The exit status is 0 whatever was found, and 1 when a benchmark broke.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from Benchmarks.side_by_side import MET, MISSED, title

SCRIPTS = (
    *("compute", "cleaning", "process", "scaling", "stability", "networks", "effort", "scene", "walkthrough"),
    "agreement_scale",
)


def main() -> int:
    """Run the chosen scripts, print their output as it comes, and sum up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help=f"which (default: all of {', '.join(SCRIPTS)})")
    chosen = parser.parse_args().scripts or SCRIPTS
    if unknown := [name for name in chosen if name not in SCRIPTS]:
        parser.error(f"there is no benchmark {unknown[0]}; choose from {', '.join(SCRIPTS)}")
    start = time.perf_counter()
    verdicts: list[str] = []
    broken: list[str] = []
    for name in chosen:
        title(f"{name}.py")
        script = str(Path(__file__).with_name(f"{name}.py"))
        with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                if line.startswith((MET, MISSED)):
                    verdicts.append(line.rstrip())
        if process.returncode != 0:
            broken.append(name)
    title(f"All targets, after {time.perf_counter() - start:.0f} s")
    print("\n".join(sorted(verdicts, key=lambda line: line.startswith(MISSED))))
    for name in broken:
        print(f"BROKEN: {name}.py did not run to its end")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
