"""Take a command line apart, run the command, and say in one line what went wrong."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from VHIWorkflowLib import __version__
from VHIWorkflowLib.core.errors import VHIError

from . import agree, batch, completion, consensus, demo, measure, models, report, response, scan, segment, table, verify

FAILED = 2
INTERRUPTED = 130

DESCRIPTION = """\
Measure VHI, the volume of hyperintense inflammation, on sacroiliac-joint MRI.

A usual way through a study:
  vhi scan SCANS --out worklist.tsv      list the examinations found in a folder
  vhi batch worklist.tsv --out RESULTS   measure them all
  vhi table RESULTS --out results.csv    open the numbers in a spreadsheet
  vhi verify RESULTS                     recompute every number from its record
  vhi report RESULTS                     agreement, effort and a page for each subject, to read in a browser

'vhi COMMAND --help' explains one command. Not a medical device.
"""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line on standard error."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is."""
        self.exit(FAILED, f"{self.prog}: {measure.one_line(message)} (see '{self.prog} --help')\n")


def build_parser() -> OneLineParser:
    """The parser of all commands."""
    parser = OneLineParser(
        prog="vhi", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"vhi {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=OneLineParser)
    study = (measure, batch, scan, table, verify)
    afterwards = (agree, consensus, response, report)
    for command in (*study, *afterwards, segment, models, demo):
        command.add_to(commands)
    completion.add_to(commands, parser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``vhi``; returns the exit status: 0, or 2 after one line on standard error."""
    parsed = build_parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):  # a file name that the console cannot show must not end a measurement
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status: int = parsed.run(parsed)
        sys.stdout.flush()
    except VHIError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted; what was finished is kept")
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except MemoryError:
        return _fail("there is not enough memory for this case")
    except Exception as error:
        if os.environ.get("VHI_DEBUG"):
            raise
        kind = type(error).__name__
        return _fail(f"unexpected {kind}: {error}; set VHI_DEBUG=1 and run again to see where, then report it")
    return status


def _fail(message: str) -> int:
    print("vhi: " + measure.one_line(message), file=sys.stderr)
    return FAILED
