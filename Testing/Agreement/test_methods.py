"""The methods paragraph names readers, software versions, and each model with its hash."""

from __future__ import annotations

from dataclasses import replace

from Agreement.test_agree import masks_of
from Agreement.test_response import ROW
from VHIWorkflowLib.agreement.sources import read_source
from VHIWorkflowLib.report.methods import made_by, methods_of, methods_of_sources


def test_software_and_models_are_named_with_their_hashes():
    models = {"model": "disease_region 1.2;normal_bone 0.9", "model_sha256": f"{'a' * 64};{'b' * 64}"}
    rows = [ROW, replace(ROW, case_id="S2", **models), replace(ROW, case_id="S3", software_version="0.2.0", **models)]
    text = " ".join(methods_of(rows))
    assert "3 readings of 3 subjects by 1 reader (AB)." in text
    assert "VHIWorkflow 0.1.0 (2 readings), VHIWorkflow 0.2.0 (1 reading)" in text
    assert (
        f"disease_region 1.2 (SHA-256 {'a' * 64}); normal_bone 0.9 (SHA-256 {'b' * 64}). 1 reading used none." in text
    )


def test_masks_from_elsewhere_are_said_to_be_that(tmp_path):
    source = read_source(str(masks_of(tmp_path / "others", {"S1": 3, "S2": 4})))
    assert methods_of_sources([source]) == [
        "others: 2 masks from a folder, taken as they are; what made them is not recorded."
    ]


def test_the_page_says_what_made_it_and_that_it_is_for_research():
    assert made_by().startswith("Made by VHIWorkflow ")
    assert "numpy" in made_by()
    assert made_by().endswith("not a medical device.")
