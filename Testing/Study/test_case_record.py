"""``case.json``: what is written is read back, the schema says all of it, and damage is named, never guessed around."""

from __future__ import annotations

import copy
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schema_oracle import disagreements
from Study.study_cases import KEY, study_case, ticking_clock
from VHIWorkflowLib.core.json_schema import CHECKED, EXPLAINING
from VHIWorkflowLib.core.steps import REASONS
from VHIWorkflowLib.core.targets import AtVoxel, BesidePlane, SmallerThan, TheseIslands, Touching, WholeSlice
from VHIWorkflowLib.files.errors import RecordError
from VHIWorkflowLib.study import case_files
from VHIWorkflowLib.study.case_files import read_record, schema, write_record
from VHIWorkflowLib.study.case_inputs import InputFile, LoadedCase
from VHIWorkflowLib.study.case_json import FORMAT_VERSION, document_of, record_of
from VHIWorkflowLib.study.case_record import CaseKey, CaseRecord
from VHIWorkflowLib.study.found_regions import Model
from VHIWorkflowLib.study.reading import Reading, Sitting

SHA = "0123456789abcdef" * 4


@cache
def full_record() -> CaseRecord:
    """A finished case with a step of every kind, undone ones, models and warnings: nothing of a record is empty."""
    case = study_case()
    inputs = (InputFile("stir", Path("/scans/1/dicom"), SHA, "T2 STIR cor"), InputFile("t1w", Path("/scans/t1w"), SHA))
    loaded = LoadedCase(case.stir, case.normal_bone, case.disease_region, None, inputs, ("a warning",))
    reading = Reading(KEY, loaded, Sitting(Path("/nowhere"), clock=ticking_clock()), autosave=False)
    session = reading.session
    biggest = max(session.partition.units(None), key=session.partition.size_of)
    voxels = session.partition.voxels_of(biggest)
    session.cut(biggest.island, voxels[: voxels.size // 2])
    session.remove(AtVoxel(tuple(int(n) for n in np.argwhere(case.keep)[0])), reason="joint fluid")
    session.remove(WholeSlice(0), in_slice=0)
    session.keep(Touching.mask(case.keep, "lasso"))
    session.restore(SmallerThan(12.0))
    with session.as_one_step():
        session.remove(BesidePlane((-20.0, 20.0, -75.0), (1.0, 0.0, 0.2)), reason="vessel")
        session.remove(TheseIslands((3, 4)), reason="other")
    session.remove(TheseIslands((19, 21, 22)))
    session.undo()
    session.undo()
    session.redo()
    assert session.undone_steps
    record = reading.record("done", {"labelmap": SHA})
    models = (
        Model("disease_region", "1.0.0", SHA, "torch 2.13.0", "cpu", "float32", ("ran out of memory",)),
        Model("normal_bone", "1.2.0", SHA),
    )
    return replace(record, models=models)


def document() -> dict[str, Any]:
    """Its document."""
    return document_of(full_record(), Path("/results/S 01/baseline/AB"))


def write_document(folder: Path, changed: object) -> Path:
    """Write something as a ``case.json``."""
    (folder / "case.json").write_text(json.dumps(changed), encoding="utf-8")
    return folder / "case.json"


def test_what_is_written_is_read_back(tmp_path):
    record = full_record()
    write_record(record, tmp_path)
    assert_same(read_record(tmp_path), record)
    assert_same(read_record(tmp_path / "case.json"), record)


def assert_same(found: CaseRecord, record: CaseRecord) -> None:
    """Equal in all fields; arrays in steps and grid by value."""
    assert document_of(found, Path("/results")) == document_of(record, Path("/results"))
    plain = {"grid": record.grid, "cleaning": record.cleaning}
    assert replace(found, **plain) == record
    assert found.grid.shape == record.grid.shape
    assert np.array_equal(found.grid.affine, record.grid.affine)
    for mine, theirs in zip(
        (*found.cleaning.steps, *found.cleaning.undone), (*record.cleaning.steps, *record.cleaning.undone), strict=True
    ):
        assert replace(mine, drawn=None) == replace(theirs, drawn=None)
        assert np.array_equal(mine.drawn, theirs.drawn)


names = st.text(st.characters(whitelist_categories=["L", "M", "Nd"]), min_size=1, max_size=20)
times = st.datetimes(
    datetime(1990, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))


@settings(deadline=None, derandomize=True, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.fixed_dictionaries(
        {
            "key": st.builds(CaseKey, names, names, names),
            "measured_at": times,
            "warnings": st.lists(st.text()).map(tuple),
            "near_sensitive": st.integers(0, 2**40),
            "islands": st.integers(0, 2**40),
            "above_threshold_voxels": st.integers(0, 2**40),
        }
    ),
    levels=st.tuples(*[st.floats(-1e9, 1e9)] * 4),
    multiple=st.none() | st.floats(-100, 100),
    seconds=st.floats(0, 1e9),
)
def test_any_values_are_read_back_equal(tmp_path, values, levels, multiple, seconds):
    record = full_record()
    q1, median, q3, maximum = levels
    record = replace(
        record,
        **values,
        statistics=replace(record.statistics, q1=q1, median=median, q3=q3, maximum=maximum),
        thresholds=replace(record.thresholds, sensitive=q1, conservative=maximum, iqr_multiple=multiple),
        cleaning=replace(record.cleaning, seconds_spent=seconds),
    )
    write_record(record, tmp_path)
    assert_same(read_record(tmp_path), record)


def test_a_file_name_that_is_no_utf8_is_kept(tmp_path):
    latin_1 = Path("/scans") / b"M\xfcller.nii.gz".decode(errors="surrogateescape")
    record = replace(full_record(), inputs=(InputFile("stir", latin_1, SHA),))
    write_record(record, tmp_path)
    assert read_record(tmp_path).inputs[0].path == latin_1


def test_inputs_are_found_where_they_were_or_where_the_study_was_moved(tmp_path):
    for name in ("here", "there"):
        (tmp_path / name / "results").mkdir(parents=True)
    (tmp_path / "here" / "stir.nii.gz").touch()
    record = replace(full_record(), inputs=(InputFile("stir", tmp_path / "here" / "stir.nii.gz", SHA),))
    write_record(record, tmp_path / "here" / "results")
    (tmp_path / "here" / "results" / "case.json").rename(tmp_path / "there" / "results" / "case.json")
    assert read_record(tmp_path / "there" / "results").inputs[0].path == tmp_path / "here" / "stir.nii.gz"
    (tmp_path / "here" / "stir.nii.gz").rename(tmp_path / "there" / "stir.nii.gz")
    assert read_record(tmp_path / "there" / "results").inputs[0].path == tmp_path / "there" / "stir.nii.gz"


def test_the_schema_is_a_valid_draft_07_schema():
    published = schema()
    assert published["$schema"] == "http://json-schema.org/draft-07/schema#"
    fastjsonschema.compile(published)
    unknown = keywords(published) - CHECKED - EXPLAINING
    assert not unknown, f"{unknown} are not understood, so they check nothing"


def test_the_schema_is_checked_as_a_library_does():
    refused, different = disagreements(document(), schema())
    assert refused > 100
    assert not different


def keywords(part: object) -> set[str]:
    """All schema keywords in a schema; names of properties and definitions are none."""
    if isinstance(part, list):
        return set().union(*map(keywords, part)) if part else set()
    if not isinstance(part, dict):
        return set()
    found = set(part)
    for name, value in part.items():
        if name in ("properties", "definitions", "patternProperties"):
            found |= set().union(*map(keywords, value.values()))
        elif name not in ("enum", "const", "required"):
            found |= keywords(value)
    return found


def test_every_key_of_a_record_is_described_by_the_schema():
    seen = set()
    for where, _ in places(document(), schema()):
        seen.add(re_numbered(where))
    assert {"cleaning.steps.0.drawn_runs", "cleaning.steps.0.islands.0.digest", "stability.left_out.0.which"} <= seen
    assert len(seen) > 100


def test_keys_the_schema_does_not_know_are_refused(tmp_path):
    objects = [where for where, value in places(document(), schema()) if isinstance(value, dict)]
    closed = [where for where in objects if where.split(".")[-1] not in ("files", "target")]
    assert len(closed) > 20
    for where in closed[:: max(1, len(closed) // 40)]:
        changed = document()
        at(changed, where)["surplus"] = 1
        with pytest.raises(RecordError, match="is not a valid record"):
            read_record(write_document(tmp_path, changed))


def re_numbered(where: str) -> str:
    """A place with all positions in lists set to 0."""
    return ".".join("0" if part.isdigit() else part for part in where.split("."))


def at(changed: Any, where: str) -> Any:
    """The value at a place."""
    for part in where.split(".") if where else ():
        changed = changed[int(part) if part.isdigit() else part]
    return changed


def places(value: object, rule: dict[str, Any], where: str = "") -> list[tuple[str, object]]:
    """Each place of a document with its value; an AssertionError names a key that the schema does not describe."""
    rule = resolved(rule, value)
    found: list[tuple[str, object]] = [(where, value)]
    if isinstance(value, dict):
        for key, inner in value.items():
            described = rule.get("properties", {}).get(key, rule.get("additionalProperties"))
            assert isinstance(described, dict) or where.endswith("target"), f"{where}.{key} is not in the schema"
            if isinstance(described, dict):
                found += places(inner, described, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += places(inner, rule["items"], f"{where}.{number}")
    else:
        assert {"type", "enum", "const"} & set(rule), f"{where} has no type in the schema"
    return found


def resolved(rule: dict[str, Any], value: object) -> dict[str, Any]:
    """A rule with references followed, and of alternatives the one that fits."""
    if "$ref" in rule:
        return resolved(schema()["definitions"][rule["$ref"].split("/")[-1]], value)
    for choice in rule.get("anyOf", ()):
        if (choice.get("type") == "null") == (value is None):
            return resolved(choice, value)
    return rule


def required_places() -> list[str]:
    """Every required key in a real document, once for lists."""
    found = {}
    for where, value in places(document(), schema()):
        if isinstance(value, dict) and not where.endswith("target"):
            for key in value:
                if key != "drawn_runs" and where != "files":
                    found.setdefault(re_numbered(f"{where}.{key}".lstrip(".")), f"{where}.{key}".lstrip("."))
    return sorted(found.values())


@pytest.mark.parametrize("where", required_places())
def test_every_missing_key_is_named(tmp_path, where):
    changed = document()
    folder, _, key = where.rpartition(".")
    del at(changed, folder)[key]
    with pytest.raises(RecordError) as raised:
        read_record(write_document(tmp_path, changed))
    message = str(raised.value)
    assert message.startswith(str(tmp_path / "case.json"))
    assert key in message or where in ("format", "format_version")
    assert folder.split(".")[0] in message
    assert "\n" not in message


WRONG_VALUES = (None, True, -1, 1.5, "", "text", [], {}, [[]], 1e400, float("nan"), 10**30, "\ud800", "a\0b")


@pytest.mark.parametrize("wrong", WRONG_VALUES, ids=repr)
def test_a_wrong_value_anywhere_is_an_error_or_a_record_and_nothing_else(tmp_path, wrong):
    one_of_each = {re_numbered(where): where for where, _ in places(document(), schema())}
    refused = 0
    for where in one_of_each.values():
        changed: Any = document()
        folder, _, key = where.rpartition(".")
        if not where:
            changed = wrong
        else:
            at(changed, folder)[int(key) if key.isdigit() else key] = wrong
        refused += is_refused(write_document(tmp_path, changed))
    assert refused > len(one_of_each) / 2 or isinstance(wrong, float | int | str)
    assert refused > 10


def is_refused(path: Path) -> bool:
    """Whether a file is no record; any other exception goes on."""
    try:
        read_record(path)
    except RecordError as error:
        return str(error).startswith(str(path)) and "\n" not in str(error)
    return False


def test_a_record_without_a_stir_scan_is_refused(tmp_path):
    changed = document()
    changed["inputs"] = [each for each in changed["inputs"] if each["role"] != "stir"]
    with pytest.raises(RecordError, match="STIR"):
        read_record(write_document(tmp_path, changed))


def test_a_cut_of_impossible_size_is_refused_without_its_memory(tmp_path):
    changed = document()
    cut = next(step for step in changed["cleaning"]["steps"] if step["action"] == "cut")
    cut["drawn_runs"] = [[0, 10**12]]
    with pytest.raises(RecordError, match="does not hold together"):
        read_record(write_document(tmp_path, changed))


def test_an_input_path_longer_than_any_is_no_other_error(tmp_path):
    changed = document()
    changed["inputs"][0]["relative_path"] = "x" * 5000
    assert read_record(write_document(tmp_path, changed)).inputs[0].path == Path("/scans/1/dicom")


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"3", b'"text"', b"\xff\xfe\x00", b"[" * 100_000, b"{}", b"\x1f\x8b"]
)
def test_what_is_no_record_is_refused(tmp_path, data):
    (tmp_path / "case.json").write_bytes(data)
    with pytest.raises(RecordError) as raised:
        read_record(tmp_path)
    assert str(raised.value).startswith(str(tmp_path / "case.json"))


def test_no_record_is_named(tmp_path):
    with pytest.raises(RecordError, match="there is no such record"):
        read_record(tmp_path)
    with pytest.raises(RecordError, match="there is no such record"):
        read_record(tmp_path / "elsewhere.json")


def test_a_record_cut_off_at_any_byte_is_refused(tmp_path):
    small = document()
    small["cleaning"]["steps"] = small["cleaning"]["steps"][:1]
    small["cleaning"]["undone"] = []
    small["stability"] = None
    path = write_document(tmp_path, small)
    read_record(path)
    for length in reversed(range(path.stat().st_size)):
        os.truncate(path, length)
        with pytest.raises(RecordError, match="is not a whole JSON file"):
            read_record(path)


def test_a_newer_version_is_refused_and_says_what_to_do(tmp_path):
    changed = document()
    changed["format_version"] = FORMAT_VERSION + 1
    with pytest.raises(RecordError, match=f"version {FORMAT_VERSION + 1}, .* update VHIWorkflow"):
        read_record(write_document(tmp_path, changed))


@pytest.mark.parametrize("version", [0, -1, None, "1", [], {}, 1.5])
def test_a_version_that_never_was_is_refused(tmp_path, version):
    changed = document()
    changed["format_version"] = version
    with pytest.raises(RecordError, match="format version"):
        read_record(write_document(tmp_path, changed))


def test_a_record_of_version_1_reads_as_one_without_networks(tmp_path):
    old = document()
    old["format_version"] = 1
    for region in ("normal_bone", "disease_region"):
        del old[region]["confidence"]
    old["models"] = [{"name": model["name"], "sha256": model["sha256"]} for model in old["models"]]
    models = tuple(Model(model.name, "", model.sha256) for model in full_record().models)
    regions = {
        name: replace(getattr(full_record(), name), confidence=None) for name in ("normal_bone", "disease_region")
    }
    assert_same(read_record(write_document(tmp_path, old)), replace(full_record(), models=models, **regions))


def test_older_versions_are_brought_up_to_date_step_by_step(tmp_path, monkeypatch):
    order = []

    def from_minus_1(old: dict[str, Any]) -> dict[str, Any]:
        order.append(-1)
        return {**old, "format_version": 0, "reader": old["rater"]}

    def from_0(old: dict[str, Any]) -> dict[str, Any]:
        order.append(0)
        return {key: value for key, value in old.items() if key != "rater"} | {"format_version": FORMAT_VERSION}

    monkeypatch.setattr(case_files, "MIGRATIONS", {0: from_0, -1: from_minus_1})
    old = document()
    old["rater"] = old.pop("reader")
    old["format_version"] = -1
    assert_same(read_record(write_document(tmp_path, old)), full_record())
    assert order == [-1, 0]


def test_a_migration_that_meets_a_damaged_old_record_names_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(
        case_files, "MIGRATIONS", {0: lambda old: {**old, "reader": old["rater"], "format_version": FORMAT_VERSION}}
    )
    old = document()
    old["format_version"] = 0
    with pytest.raises(RecordError, match="cannot be brought up to date"):
        read_record(write_document(tmp_path, old))


def test_every_reason_is_in_the_schema():
    step = copy.deepcopy(document()["cleaning"]["steps"][1])
    assert step["reason"] == "joint fluid"
    for reason in REASONS:
        changed = document()
        changed["cleaning"]["steps"][1]["reason"] = reason
        case_files.validate(Path("case.json"), changed)
    changed["cleaning"]["steps"][1]["reason"] = "looks odd"
    with pytest.raises(RecordError):
        case_files.validate(Path("case.json"), changed)


def test_times_keep_their_zone():
    record = replace(full_record(), measured_at=datetime(2025, 3, 1, 10, 0, 0, 5000, timezone(timedelta(hours=2))))
    found = record_of(document_of(record, Path("/results")), Path("/results"))
    assert found.measured_at == record.measured_at.astimezone(UTC)
    assert found.measured_at.utcoffset() == timedelta(hours=2)
