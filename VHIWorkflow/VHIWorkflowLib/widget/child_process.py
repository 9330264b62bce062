"""A Python program beside 3D Slicer that does what takes long, so that the views stay live.

Networks and reading ahead run there because a thread inside Slicer hardly gets a turn. The program tells how it is
getting on in lines of JSON on its standard output::

    {"event": "progress", "done": 3, "total": 25}
    {"event": "done"}                               with exit status 0, or
    {"event": "failed", "message": "one sentence"}  as `core.sentences.as_json` writes it

Other lines are left alone. What starts and kills it is given (`ProcessFactory`): `qt_process.QtProcess` in Slicer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.sentences import from_json, sentences_of

_ = sentences_of(__name__)

Progress = Callable[[int, int], None]
"""Is told how much of how much is done."""


@dataclass(frozen=True)
class Ended:
    """How the program ended: its work done, cancelled, or with a problem in one sentence."""

    problem: str | None = None
    cancelled: bool = False

    @property
    def is_done(self) -> bool:
        """Whether it did its work."""
        return self.problem is None and not self.cancelled


class Process(Protocol):
    """A process of the operating system."""

    def start(self, program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it; the variables are added to those of this process. A failure is told to `on_end`."""

    def kill(self) -> None:
        """End it at once; `on_end` is called later, or not at all when it has ended already."""

    def wait(self, seconds: float) -> None:
        """Wait for its end, at most so long."""


class ProcessFactory(Protocol):
    """Makes a process that is not started yet."""

    def __call__(self, on_output: Callable[[bytes], None], on_end: Callable[[int | None, str], None]) -> Process:
        """Make one.

        Parameters
        ----------
        on_output
            Is given pieces of the standard output, cut anywhere.
        on_end
            Is given the exit status, None when it crashed or could not be started, and what it wrote on standard
            error, after all output.
        """


class ChildProcess:
    """Runs a module of ours in a Python process, one at a time.

    Parameters
    ----------
    make_process
        Makes the process.
    python
        Path of the Python program; in Slicer that of PythonSlicer.
    python_path
        Folders in which the libraries lie.
    purpose
        What it does, for messages: "Looking for bone".
    """

    def __init__(self, make_process: ProcessFactory, python: str, python_path: Sequence[str], purpose: str) -> None:
        self._make_process = make_process
        self._python = python
        self._python_path = tuple(python_path)
        self._purpose = purpose
        self._run: _Run | None = None

    @property
    def is_running(self) -> bool:
        """Whether a program runs."""
        return self._run is not None

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        on_end: Callable[[Ended], None],
        on_progress: Progress | None = None,
    ) -> None:
        """Start `python -m module arguments`.

        ``on_end`` is called once, later or, when the program cannot be started, before this returns; the next program
        may be started from there.

        Raises
        ------
        VHIError
            If one is running.
        """
        if self._run is not None:
            raise VHIError(_("{purpose} is still under way; wait, or cancel it first").format(purpose=self._purpose))
        run = _Run(self._purpose, on_progress, lambda ended: self._finish(run, on_end, ended))
        self._run = run
        run.process = self._make_process(run.take, run.finish)
        path = os.pathsep.join([*self._python_path, *filter(None, [os.environ.get("PYTHONPATH")])])
        run.process.start(
            self._python, ["-u", "-m", module, *arguments], {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
        )

    def cancel(self) -> None:
        """End the program; ``on_end`` is told so. Nothing happens when none runs."""
        if self._run is not None:
            self._run.cancel()

    def close(self) -> None:
        """End the program and forget it: ``on_end`` is not called any more. For when the module goes."""
        run, self._run = self._run, None
        if run is not None:
            run.cancel()
            run.wait()

    def _finish(self, run: _Run, on_end: Callable[[Ended], None], ended: Ended) -> None:
        if self._run is run:
            self._run = None
            on_end(ended)


class _Run:
    """One program from start to end: puts lines together and takes from them what they say."""

    def __init__(self, purpose: str, on_progress: Progress | None, on_end: Callable[[Ended], None]) -> None:
        self.process: Process | None = None
        self._purpose = purpose
        self._on_progress = on_progress
        self._on_end: Callable[[Ended], None] | None = on_end
        self._rest = b""
        self._is_done = False
        self._problem: str | None = None
        self._cancelled = False

    def take(self, output: bytes) -> None:
        """Take a piece of output."""
        *lines, self._rest = (self._rest + output).split(b"\n")
        for line in lines:
            self._read(line)

    def cancel(self) -> None:
        self._cancelled = True
        if self.process is not None:
            self.process.kill()

    def wait(self) -> None:
        if self.process is not None:
            self.process.wait(seconds=2.0)

    def finish(self, status: int | None, errors: str) -> None:
        """Say once how it ended."""
        self.take(b"\n")
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(self._ended(status, errors))

    def _read(self, line: bytes) -> None:
        match _message(line):
            case {"event": "progress", "done": int(done), "total": int(total)}:
                if self._on_progress is not None and not self._cancelled:
                    self._on_progress(done, total)
            case {"event": "done"}:
                self._is_done = True
            case {"event": "failed", "message": message}:
                with suppress(ValueError):  # not of ours
                    self._problem = from_json(message)

    def _ended(self, status: int | None, errors: str) -> Ended:
        if self._cancelled:
            return Ended(cancelled=True)
        if self._problem is not None:
            return Ended(problem=self._problem)
        if status == 0 and self._is_done:
            return Ended()
        lines = [line.strip() for line in errors.splitlines() if line.strip()]
        why = lines[-1] if lines else _("its process crashed")
        if not lines and status is not None:
            why = _("exit status {status}").format(status=status)
        return Ended(
            problem=_("{purpose} ended unexpectedly ({why}); try again").format(purpose=self._purpose, why=why)
        )


def _message(line: bytes) -> Any:
    """What a line says; None when it is not JSON."""
    try:
        return json.loads(line)
    except ValueError:
        return None
