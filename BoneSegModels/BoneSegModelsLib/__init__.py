"""Bundled networks: their files, and what runs them. No Slicer import, no training code; torch only where it runs them.

Arrays are indexed (slice, row, column) = (k, j, i), as in VHIWorkflowLib.
"""
