"""Small Python programs that a test starts and kills."""

from __future__ import annotations

import subprocess
import sys


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a program, and wait for the first line it prints."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def kill(process: subprocess.Popen[str]) -> None:
    """End a program at once."""
    process.kill()
    process.communicate()
