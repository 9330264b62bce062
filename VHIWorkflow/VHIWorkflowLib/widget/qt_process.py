"""A process of the operating system by Qt, which tells of output and end in the event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import qt


class QtProcess:
    """`child_process.Process` by qt.QProcess; the class is the `child_process.ProcessFactory`."""

    def __init__(self, on_output: Callable[[bytes], None], on_end: Callable[[int | None, str], None]) -> None:
        self._on_output = on_output
        self._on_end = on_end
        self._process = qt.QProcess()
        self._slots = (self._read, self._finished, self._failed)  # held here: the connections do not hold them
        self._process.connect("readyReadStandardOutput()", self._slots[0])
        self._process.connect("finished(int,QProcess::ExitStatus)", self._slots[1])
        self._process.connect("errorOccurred(QProcess::ProcessError)", self._slots[2])

    def start(self, program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """See `child_process.Process`."""
        variables = qt.QProcessEnvironment.systemEnvironment()
        for name, value in environment.items():
            variables.insert(name, value)
        self._process.setProcessEnvironment(variables)
        self._process.start(program, list(arguments))

    def kill(self) -> None:
        """See `child_process.Process`."""
        self._process.kill()

    def wait(self, seconds: float) -> None:
        """See `child_process.Process`."""
        self._process.waitForFinished(int(1000 * seconds))

    def _read(self) -> None:
        self._on_output(bytes(self._process.readAllStandardOutput().data()))

    def _finished(self, status: int, how: int) -> None:
        self._read()
        errors = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        self._on_end(status if how == qt.QProcess.NormalExit else None, errors)

    def _failed(self, error: int) -> None:
        if error == qt.QProcess.FailedToStart:  # what fails later is followed by finished
            self._on_end(None, str(self._process.errorString()))
