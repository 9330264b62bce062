"""What a program beside Slicer tells the panel, in lines of JSON that `widget.child_process` reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from VHIWorkflowLib.core.errors import VHIError
from VHIWorkflowLib.core.sentences import as_json, sentences_of

_ = sentences_of(__name__)

FAILED_STATUS = 2


def told(work: Callable[[], None]) -> int:
    """Do the work of the program and tell how it ended; returns the exit status."""
    try:
        work()
    except VHIError as error:
        return _failed(error.sentence)
    except ModuleNotFoundError as error:
        package = str(error.name).split(".")[0]
        return _failed(_("this needs the Python package {package}, which is not installed").format(package=package))
    _say(event="done")
    return 0


def tell_progress(done: int, total: int) -> None:
    """Tell how much of how much is done."""
    _say(event="progress", done=done, total=total)


def _failed(sentence: str) -> int:
    _say(event="failed", message=as_json(sentence))
    return FAILED_STATUS


def _say(**message: Any) -> None:
    print(json.dumps(message), flush=True)
