"""Agreement of the study's two readers with each other and with the simulated reader, as the benchmark prints it."""

from __future__ import annotations

import pytest
from Benchmarks.published_readers import comparisons, figures, main

pytestmark = pytest.mark.real_cases

EXPECTED = {
    ("reader 1", "reader 2"): {
        "VHI (mm3), bias": (-421.6, -1460.4, 617.2),
        "VHI (mm3), lower limit of agreement": (-2623.1, -5579.2, -1596.4),
        "VHI (mm3), upper limit of agreement": (1779.9, 753.2, 4736.0),
        "log VHI, bias": (-0.1605, -0.3604, 0.0393),
        "log VHI, smallest detectable change": (0.4236, 0.2729, 0.9327),
        "log VHI, ICC(2,1)": (0.9906, 0.2524, 0.9978),
        "log VHI, ICC(3,1)": (0.9933, 0.9618, 0.9989),
        "log VHI, Lin's concordance": (0.9891, 0.9312, 0.9983),
        "VHI (mm3), Spearman's rho": (0.8929, 0.2700, 0.9889),
        "VHI (mm3), Passing-Bablok slope": (0.9597, 0.9253, 1.0284),
    },
    ("reader 1", "simulated"): {
        "VHI (mm3), bias": (-257.4, -827.8, 313.0),
        "log VHI, bias": (-0.1761, -0.3440, -0.0081),
        "log VHI, ICC(3,1)": (0.9953, 0.9731, 0.9992),
    },
    ("reader 2", "simulated"): {
        "VHI (mm3), bias": (164.2, -551.2, 879.6),
        "log VHI, bias": (-0.0155, -0.1856, 0.1546),
        "log VHI, ICC(3,1)": (0.9955, 0.9743, 0.9992),
    },
}
"""Value and limits, over seven cases; ratios and coefficients to four decimals, volumes to a tenth of a mm3."""


def test_published_readers_and_the_simulated_one_agree_as_printed():
    found = {(each.a, each.b): each for each in comparisons()}
    assert found.keys() == EXPECTED.keys()
    for pair, expected in EXPECTED.items():
        shown = figures(found[pair])
        assert len(found[pair].cases) == 7
        for name, figure in expected.items():
            estimate = shown[name].estimate
            assert estimate is not None
            within = 0.06 if "mm3" in name and "slope" not in name and "rho" not in name else 6e-5
            assert (estimate.value, estimate.low, estimate.high) == pytest.approx(figure, abs=within), (pair, name)


def test_one_command_prints_them_and_writes_the_report(tmp_path, capsys):
    assert main(["--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "reader 2 against reader 1: 7 cases" in printed
    assert "VHI (mm3), bias                          -421.6  (-1460 to 617.2)" in printed
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 9  # scatter and two Bland-Altman plots of each pair
    assert "two radiologists of the study" in page
