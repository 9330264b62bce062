"""All self-tests, counted: for `slicer.testing.runUnitTest`, CTest, and the Self Tests module."""

from __future__ import annotations

import unittest
from typing import Any

from .cleaning_tests import CleaningTests
from .effect_tests import EffectTests
from .life_tests import LifeTests
from .list_tests import ListTests
from .panel_tests import PanelTests
from .region_tests import RegionTests
from .report_tests import ReportTests

FEWEST = 20
"""A runner that finds fewer tests than this has lost some."""


class VHIWorkflowTest(ListTests, RegionTests, CleaningTests, PanelTests, LifeTests, ReportTests, EffectTests):
    """Every self-test of the module; Slicer finds it by its name."""

    def runTest(self, **_options: Any) -> None:  # noqa: N802 (Slicer's name)
        """Run all tests, from the Self Tests module or the Reload & Test section.

        Raises
        ------
        AssertionError
            If one fails, or fewer are found than there are.
        """
        suite = unittest.TestLoader().loadTestsFromTestCase(type(self))
        count = suite.countTestCases()
        result = unittest.TextTestRunner(verbosity=2).run(suite)
        assert count >= FEWEST, f"only {count} self-tests were found"
        assert result.wasSuccessful(), f"{len(result.failures) + len(result.errors)} of {count} self-tests failed"
