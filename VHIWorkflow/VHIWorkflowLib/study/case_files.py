"""Read and write ``case.json``: validated against the published schema, older versions brought up to date."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from VHIWorkflowLib.core.errors import MeasurementError
from VHIWorkflowLib.core.json_schema import SchemaError, check
from VHIWorkflowLib.core.sentences import sentences_of
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.files.safe_files import clear_errors, write_atomically

from .case_json import FORMAT, FORMAT_VERSION, Document, document_of, record_of
from .case_record import CaseRecord

_ = sentences_of(__name__)

RECORD_NAME = "case.json"
SCHEMA_NAME = "case.schema.json"

Migration = Callable[[Document], Document]


def from_version_1(old: Document) -> Document:
    """Version 2 has the confidence of a proposed region, and says what ran a model; version 1 had neither."""
    regions = {name: {**old[name], "confidence": None} for name in ("normal_bone", "disease_region")}
    ran: Document = {"version": "", "backend": None, "device": None, "precision": None, "notes": []}
    return {**old, **regions, "models": [{**model, **ran} for model in old["models"]], "format_version": 2}


MIGRATIONS: dict[int, Migration] = {1: from_version_1}
"""For each older version of the format, what turns its document into one of the next version."""


def write_record(record: CaseRecord, folder: Path) -> None:
    """Write ``case.json`` into a folder, whole or not at all.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    write_atomically(folder / RECORD_NAME, record_bytes(record, folder))


def keep_earlier(folder: Path, *others: str) -> Path | None:
    """Keep the record of a folder under the next free name ``case.<n>.json``, with other files of that state.

    Parameters
    ----------
    folder
        Of the record.
    others
        Names of files to keep with it, as ``<stem>.<n>.<ending>``; those that are not there are passed over.

    Returns
    -------
    Path or None
        Where it now lies too; None when there is no record.

    Raises
    ------
    RecordError
        If a file cannot be read or written.
    """
    if not (folder / RECORD_NAME).exists():
        return None
    number = 1 + max((n for n, _ in earlier_records(folder)), default=0)
    for name in (*others, RECORD_NAME):
        if (folder / name).exists():
            with clear_errors(folder / name):
                data = (folder / name).read_bytes()
            write_atomically(folder / numbered(name, number), data)
    return folder / numbered(RECORD_NAME, number)


def earlier_records(folder: Path) -> list[tuple[int, Path]]:
    """Records that `keep_earlier` kept, with their numbers, the oldest first."""
    stem, ending = RECORD_NAME.split(".", 1)
    found = [(path.name.split(".")[1], path) for path in folder.glob(f"{stem}.*.{ending}")]
    return sorted((int(number), path) for number, path in found if number.isascii() and number.isdigit())


def numbered(name: str, number: int) -> str:
    """Name of the copy of a file that belongs to an earlier record."""
    stem, ending = name.split(".", 1)
    return f"{stem}.{number}.{ending}"


def record_bytes(record: CaseRecord, folder: Path) -> bytes:
    """The content of ``case.json`` for a folder."""
    text = json.dumps(document_of(record, folder), ensure_ascii=False, allow_nan=False, indent=1)
    # what is no Unicode (a file name in Latin-1 on Linux) becomes \udc.., which JSON reads back as the same name
    return (text + "\n").encode(errors="backslashreplace")


def read_record(path: Path) -> CaseRecord:
    """Read a ``case.json``, or the one in a folder.

    Raises
    ------
    RecordError
        If there is none, or it is damaged, of a newer version, or not valid by the schema.
    """
    if path.is_dir():
        path = path / RECORD_NAME
    with clear_errors(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise RecordError(path, _("there is no such record")) from error
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RecordError(path, _("is not a whole JSON file")) from error
    document = up_to_date(path, document)
    validate(path, document)
    try:
        return record_of(document, path.parent)
    except (MeasurementError, ValueError, OverflowError) as error:
        raise RecordError(path, _("does not hold together: {error}").format(error=error)) from error


def up_to_date(path: Path, document: Any) -> Document:
    """Bring the document of an older version to the present one.

    Raises
    ------
    RecordError
        If it is no record, or was written by a newer version of this software.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RecordError(path, _("is not a {format} file").format(format=FORMAT))
    version = document.get("format_version")
    while isinstance(version, int) and version in MIGRATIONS:
        try:
            document = MIGRATIONS[version](document)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            problem = _("cannot be brought up to date from format version {version} ({kind}: {error})").format(
                version=version, kind=type(error).__name__, error=error
            )
            raise RecordError(path, problem) from error
        version = document.get("format_version")
    if version != FORMAT_VERSION:
        problem = _(
            "has format version {version!r}, and this software reads up to {format_version}; update VHIWorkflow"
        ).format(version=version, format_version=FORMAT_VERSION)
        raise RecordError(path, problem)
    up_to_date_document: Document = document
    return up_to_date_document


def validate(path: Path, document: Document) -> None:
    """Check a document against the published schema.

    Raises
    ------
    RecordError
        If it is not valid; the message names the place.
    """
    try:
        check(document, schema())
    except SchemaError as error:
        raise RecordError(path, _("is not a valid record: {error}").format(error=error)) from error


@cache
def schema() -> Document:
    """The published JSON schema of ``case.json``."""
    text = resources.files("VHIWorkflowLib.files").joinpath(SCHEMA_NAME).read_text(encoding="utf-8")
    found: Document = json.loads(text)
    return found
