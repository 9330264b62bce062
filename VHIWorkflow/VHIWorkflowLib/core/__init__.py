"""Thresholds, masks, islands, cleaning: numpy and scipy only, no files and no Slicer."""
