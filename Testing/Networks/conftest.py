"""What tests of networks share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _only_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """No trial of bfloat16, whose verdict on tiny networks would be chance."""
    monkeypatch.setattr("BoneSegModelsLib.torch_backend.has_bfloat16", lambda: False)
