"""The hover-and-click tool of this extension as an effect of Slicer's Segment Editor, for any segmentation."""

from pathlib import Path

EFFECT_FILE = Path(__file__).parent / "RemoveIslandEffect.py"
"""Slicer loads effects by file: the file is named as its class."""
