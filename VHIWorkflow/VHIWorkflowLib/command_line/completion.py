"""``vhi completion``: let the shell complete commands and options."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from VHIWorkflowLib.core.errors import VHIError

DESCRIPTION = """\
Print what makes a shell complete vhi's commands and options. For bash, once:
  vhi completion bash > ~/.local/share/bash-completion/completions/vhi
For zsh, into a folder of $fpath:
  vhi completion zsh > ~/.zfunc/_vhi
"""


def add_to(commands: Any, whole: argparse.ArgumentParser) -> None:
    """Add the command, which completes all that ``whole`` takes apart."""
    parser = commands.add_parser(
        "completion",
        help="print completion for your shell",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="which shell")
    parser.set_defaults(run=partial(run, whole))


def run(whole: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Print the completion script."""
    try:
        import shtab
    except ImportError as error:
        raise VHIError("shell completion needs the Python package shtab: pip install shtab") from error

    print(shtab.complete(whole, shell=arguments.shell))
    return 0
