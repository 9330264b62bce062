"""Commands that run networks: what is found is written, named in row and record, and absent models are said."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from BoneSegModelsLib import backends, normal_bone
from BoneSegModelsLib.model_description import Architecture, ModelInput
from BoneSegModelsLib.model_folders import FOLDER_VARIABLE, Model
from BoneSegModelsLib.sacrum import NoProposalError
from CommandLine.command_lines import ENVIRONMENT, measure_arguments, run_here, write_worklist
from Networks.synthetic_models import bright_model, description, labels, random_model
from Study.study_cases import KEY, study_case
from VHIWorkflowLib.command_line import networks
from VHIWorkflowLib.core.grids import BoolArray, Volume
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.results import read_rows
from VHIWorkflowLib.files.segmentation_files import read_segmentation
from VHIWorkflowLib.files.volumes import read_image, read_mask
from VHIWorkflowLib.study import found_regions
from VHIWorkflowLib.study.case_files import read_record

EXPECTED = ModelInput("T1w", 0.6, largest_skewness=2.1)

PRECISIONS = ("float32", "bfloat16")
"""Which of them is the faster is tried out by the program, and chance on networks so small."""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with a disease_region model that finds everything."""
    bright_model(tmp_path / "models", middle=-1.0, name="disease_region", input=EXPECTED)
    return tmp_path / "models"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    """No model stays loaded from test to test."""
    yield
    found_regions.bundled_regions.cache_clear()


@dataclass(frozen=True)
class Proposed:
    """As a proposal of normal bone; with no mask, a refusal for the reason given."""

    mask: BoolArray | None
    confidence: float
    reasons: tuple[str, ...]


@pytest.fixture
def proposer(monkeypatch: pytest.MonkeyPatch) -> dict[str, Proposed]:
    """Stands in for the proposal of normal bone, which says what the test puts in."""
    answer = {"proposal": Proposed(study_case().normal_bone, 0.8, ("the areas are small",))}

    def propose(*_: object) -> Proposed:
        if answer["proposal"].mask is None:
            raise NoProposalError(*answer["proposal"].reasons)
        return answer["proposal"]

    monkeypatch.setattr(normal_bone, "propose_normal_bone", propose)
    return answer


def without(arguments: list[object], *options: str) -> list[object]:
    """Arguments without some options and their values."""
    for option in options:
        at = arguments.index(option)
        arguments = arguments[:at] + arguments[at + 2 :]
    return arguments


# vhi segment


def test_segment_writes_labels_and_probabilities_on_the_grid_of_the_scan(shared_files, models, tmp_path, capfd):
    out, probabilities = tmp_path / "bone.nii.gz", tmp_path / "p.nrrd"
    arguments = ["segment", "--t1", shared_files.t1w, "--out", out, "--models", models]
    ran = run_here(capfd, *arguments, "--probabilities", probabilities, "--backend", "numpy")
    assert (ran.status, ran.err) == (0, "")
    assert "disease_region 1.2.3, sha256 " in ran.out
    assert "numpy" in ran.out
    scan = read_image(shared_files.t1w.path)
    assert read_mask(out).grid.matches(scan.grid)
    assert read_mask(out).array.all()
    written = sitk.ReadImage(str(probabilities))
    assert written.GetSpacing() == pytest.approx(scan.grid.spacing_mm[::-1])
    assert sitk.GetArrayFromImage(written).min() > 0.99


def test_segment_says_as_json_what_it_found_and_how(shared_files, models, tmp_path, capfd):
    arguments = ["segment", "--t1", shared_files.t1w, "--out", tmp_path / "bone.mha", "--models", models]
    document = json.loads(run_here(capfd, *arguments, "--json").out)
    assert document["model"]["name"] == "disease_region"
    assert document["model"]["backend"].startswith("torch")
    assert document["model"]["precision"] in PRECISIONS
    assert document["labels"][0]["voxels"] == study_case().t1w.array.size
    assert document["files"] == [str(tmp_path / "bone.mha")]


def test_segment_writes_a_segmentation_that_measure_takes(shared_files, tmp_path, capfd):
    bone = replace(labels(1)[0], name="Disease region")
    bright_model(tmp_path / "models", -1.0, name="disease_region", labels=(bone,))
    out = tmp_path / "bone.seg.nrrd"
    arguments = ["segment", "--t1", shared_files.t1w, "--out", out, "--models", tmp_path / "models"]
    assert run_here(capfd, *arguments).status == 0
    assert list(read_segmentation(out)) == ["Disease region"]
    given = replace(shared_files, disease_region=out)
    assert run_here(capfd, *measure_arguments(given, tmp_path / "out")).status == 0


def test_several_labels_have_a_file_of_probabilities_each(shared_files, tmp_path, capfd):
    made = description(Architecture(2, (2,), output_channels=2), name="bones")
    random_model(tmp_path / "models", made)
    arguments = ["segment", "--t1", shared_files.t1w, "--out", tmp_path / "bones.nii.gz", "--model", "bones"]
    ran = run_here(capfd, *arguments, "--models", tmp_path / "models", "--probabilities", tmp_path / "p.nii.gz")
    assert ran.status == 0
    assert {path.name for path in tmp_path.glob("*.nii.gz")} == {"bones.nii.gz", "p_2.nii.gz", "p_4.nii.gz"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--model", "knee"], "no model named knee"),
        (["--out", "bone.txt"], "bone.txt: the name of this file must end in one of"),
        (["--out", ".nrrd"], ".nrrd: the name of this file must end in one of"),
        (["--probabilities", "p.seg.nrrd"], "probabilities cannot be written as .seg.nrrd"),
        (["--probabilities", "bone.nii.gz"], "labels and probabilities need two files"),
        (["--t1", "nowhere.nii.gz"], "nowhere.nii.gz: does not exist"),
        (["--device", "mps"], "torch finds no mps device"),
        (["--device", "mps", "--backend", "numpy"], "numpy runs networks on the CPU only"),
        (["--device", "tpu"], "invalid choice: 'tpu'"),
        (["--backend", "jax"], "invalid choice: 'jax'"),
    ],
)
def test_segment_refuses_what_cannot_be(shared_files, models, tmp_path, *, monkeypatch, capfd, more, words):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    arguments = ["segment", "--t1", shared_files.t1w, "--out", "bone.nii.gz", "--models", models]
    assert words in run_here(capfd, *arguments, *more).problem
    assert sorted(tmp_path.iterdir()) == before


def test_segment_does_not_write_over_its_scan(files, models, capfd):
    before = files.t1w.path.read_bytes()
    ran = run_here(capfd, "segment", "--t1", files.t1w, "--out", files.t1w, "--models", models)
    assert "is the scan itself" in ran.problem
    assert files.t1w.path.read_bytes() == before


def test_ctrl_c_leaves_nothing_half_done(tmp_path):
    deep = description(Architecture(2, (48, 48, 48)), name="disease_region", input=ModelInput("T1w", 0.2))
    random_model(tmp_path / "models", deep)
    files = study_case().write(tmp_path / "scans")
    out = tmp_path / "bone.nii.gz"
    code = (
        "import os, signal, sys, threading\n"
        "from VHIWorkflowLib.command_line import networks, main\n"
        "import VHIWorkflowLib.study.segment_scan, BoneSegModelsLib.inference as inference\n"
        "holds = inference._holds_something\n"
        "def first(patch):\n    os.kill(os.getpid(), signal.SIGINT)\n    return holds(patch)\n"
        "inference._holds_something = first\n"
        "sys.exit(main.main(sys.argv[1:]))\n"
    )
    arguments = ["segment", "--t1", files.t1w, "--out", out, "--models", tmp_path / "models", "--backend", "numpy"]
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=100, check=False)
    assert done.returncode == 130
    assert done.stderr == "vhi: interrupted; what was finished is kept\n"
    assert not out.exists()


# vhi models


def test_models_lists_what_is_bundled(tmp_path, capfd):
    ran = run_here(capfd, "models")
    assert (ran.status, ran.err) == (0, "")
    documents = json.loads(run_here(capfd, "models", "--json").out)
    assert [each["name"] for each in documents] == ["disease_region", "normal_bone", "island_rank"]
    for each in documents:
        assert each["problem"] is None
        assert f"{each['name']} {each['version']}\n" in ran.out
        assert each["sha256"] in ran.out
    shutil.copytree(Path(documents[2]["path"]), tmp_path / "island_rank")
    (tmp_path / "island_rank" / "parameters.npz").write_bytes(b"other")
    assert "parameters.npz" in run_here(capfd, "models", "--models", tmp_path).problem


def test_models_lists_hashes_and_names_what_is_broken(tmp_path, capfd):
    whole = random_model(tmp_path, description(Architecture(2, (2,)), name="alpha"))
    ran = run_here(capfd, "models", "--models", tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert "alpha 1.2.3" in ran.out
    assert whole.sha256 in ran.out
    assert all(sha256 in ran.out for member in whole.members for _, sha256 in member.sha256s())
    broken = random_model(tmp_path, description(Architecture(2, (2,)), name="beta"))
    broken.members[0].weights_path.unlink()
    ran = run_here(capfd, "models", "--models", tmp_path)
    assert "beta" in ran.problem
    assert "alpha 1.2.3" in ran.out
    alpha, beta = json.loads(run_here(capfd, "models", "--models", tmp_path, "--json").out)
    assert (alpha["sha256"], alpha["problem"]) == (whole.sha256, None)
    assert len(alpha["files"]) == 4
    assert "member1.npz" in beta["problem"]


def test_no_models_are_said(tmp_path, capfd):
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert f"{folder}: holds no models" in run_here(capfd, "models", "--models", folder).problem
    ran = run_here(capfd, "models", "--models", tmp_path, "--json")
    assert (ran.status, ran.out) == (2, "[]\n")


def test_the_environment_names_a_folder_of_models(models, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv(FOLDER_VARIABLE, str(models))
    assert run_here(capfd, "models").out.startswith("disease_region 1.2.3\n")


def test_the_choices_are_those_of_the_backends():
    assert networks.BACKENDS == backends.BACKENDS
    assert networks.DEVICES == backends.DEVICES


# vhi measure and vhi batch


def check_recorded(out: Path, bundled: Model) -> None:
    """Row, record and segmentation of the case name the model, and the record verifies."""
    (row,) = read_rows(out / "results.tsv")
    assert (row.model, row.model_sha256) == ("disease_region 1.2.3", bundled.sha256)
    record = read_record(out / row.case_id / row.time_point / row.reader)
    assert record.disease_region.origin == "disease_region 1.2.3"
    assert record.disease_region.voxels == study_case().t1w.array.size
    assert record.normal_bone.origin == "given"
    (model,) = record.models
    assert (model.name, model.version, model.sha256) == ("disease_region", "1.2.3", bundled.sha256)
    assert str(model.backend).startswith("torch")
    assert model.device == "cpu"
    assert model.precision in PRECISIONS


def test_measure_finds_the_disease_region_and_says_so(shared_files, tmp_path, capfd):
    bundled = bright_model(tmp_path / "models", middle=-1.0, name="disease_region")
    arguments = without(measure_arguments(shared_files, tmp_path / "out"), "--disease-region")
    ran = run_here(capfd, *arguments, "--models", tmp_path / "models")
    assert (ran.status, ran.err) == (0, "")
    check_recorded(tmp_path / "out", bundled)
    assert run_here(capfd, "verify", tmp_path / "out").status == 0


def test_measure_proposes_normal_bone_and_says_so(shared_files, proposer, tmp_path, capfd):
    arguments = without(measure_arguments(shared_files, tmp_path / "out"), "--normal-bone")
    ran = run_here(capfd, *arguments)
    assert ran.status == 0
    assert ran.err == (
        "warning: normal_bone: the normal bone was proposed by the software and not marked by a reader: look at it\n"
    )
    record = read_record(tmp_path / "out" / KEY.case_id / KEY.time_point / KEY.reader)
    assert record.normal_bone.origin.startswith("normal_bone ")
    assert record.normal_bone.confidence == 0.8
    assert record.models[0].notes == ("the areas are small",)
    assert read_rows(tmp_path / "out" / "results.tsv")[0].model.startswith("normal_bone ")
    assert run_here(capfd, "verify", tmp_path / "out").status == 0
    proposer["proposal"] = replace(proposer["proposal"], confidence=0.3)
    assert "the confidence of the proposed normal bone is only 0.30" in run_here(capfd, *arguments).err


def test_no_proposal_is_one_sentence(shared_files, proposer, tmp_path, capfd):
    proposer["proposal"] = Proposed(None, 0.0, ("all marrow is bright",))
    problem = run_here(capfd, *without(measure_arguments(shared_files, tmp_path / "out"), "--normal-bone")).problem
    assert problem.endswith(
        "stir.nii.gz: no normal bone can be proposed (all marrow is bright); mark it and give it with --normal-bone"
    )
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_not_there_is_said_before_anything_is_read(shared_files, tmp_path, capfd):
    arguments = without(measure_arguments(shared_files, tmp_path / "out"), "--disease-region")
    problem = run_here(capfd, *arguments, "--models", tmp_path / "nothing").problem
    assert "t1w.nii.gz: no model named disease_region lies in" in problem
    assert problem.endswith("or give the disease region (--disease-region)")
    assert not (tmp_path / "out").exists()


def test_a_network_that_finds_nothing_is_one_sentence(shared_files, tmp_path, capfd):
    bright_model(tmp_path / "models", middle=2.0, name="disease_region")
    arguments = without(measure_arguments(shared_files, tmp_path / "out"), "--disease-region")
    problem = run_here(capfd, *arguments, "--models", tmp_path / "models").problem
    assert "disease_region 1.2.3 finds no bone in it inside the STIR volume" in problem
    assert not (tmp_path / "out").exists()


def test_batch_finds_regions_and_measures_again_when_the_model_changed(shared_files, tmp_path, capfd):
    bundled = bright_model(tmp_path / "models", middle=-1.0, name="disease_region")
    worklist = write_worklist(tmp_path / "w.tsv", replace(shared_files, disease_region=""), ["1"])
    batch = ["batch", worklist, "--out", tmp_path / "out", "--jobs", "1", "--models", tmp_path / "models"]
    ran = run_here(capfd, *batch)
    assert (ran.status, ran.out.splitlines()[0], ran.err) == (0, "1 measured", "")
    check_recorded(tmp_path / "out", bundled)
    assert run_here(capfd, *batch).out.startswith("0 measured, 1 done before\n")
    bright_model(tmp_path / "models", middle=-1.0, name="disease_region", version="1.2.4")
    found_regions.bundled_regions.cache_clear()
    assert run_here(capfd, *batch).out.startswith("1 measured\n")
    assert read_rows(tmp_path / "out" / "results.tsv")[0].model == "disease_region 1.2.4"


def test_a_case_without_torch_says_what_ran_the_network(shared_files, tmp_path):
    bright_model(tmp_path / "models", middle=-1.0, name="disease_region")
    arguments = without(measure_arguments(shared_files, tmp_path / "out"), "--disease-region")
    code = (
        "import sys; sys.modules['torch'] = None\nfrom VHIWorkflowLib.command_line.main import main\nsys.exit(main())"
    )
    command = [sys.executable, "-c", code, *map(str, arguments), "--models", str(tmp_path / "models")]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    record = read_record(tmp_path / "out" / KEY.case_id / KEY.time_point / KEY.reader)
    assert str(record.models[0].backend).startswith("numpy ")
    assert record.models[0].notes == ("torch is not installed or does not start; the network was run by numpy",)


def test_stir_in_the_place_of_t1w_is_warned_of_on_record(tmp_path, capfd):
    bright_model(tmp_path / "models", middle=-1.0, name="disease_region", input=EXPECTED)
    case = study_case()
    bright = 100 * np.exp(1.5 * np.random.default_rng(0).normal(size=case.stir.array.shape))
    files = case.write(tmp_path / "scans")
    write_volume(files.t1w.path, Volume(bright, case.t1w.grid))
    arguments = without(measure_arguments(files, tmp_path / "out"), "--disease-region")
    ran = run_here(capfd, *arguments, "--models", tmp_path / "models")
    words = "disease_region: the contrast does not look like T1w: was another scan chosen by mistake?"
    assert ran.err.startswith(f"warning: {words}")
    assert words in read_record(tmp_path / "out" / KEY.case_id / KEY.time_point / KEY.reader).warnings
