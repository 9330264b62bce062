"""The programs that draw need Slicer's data model when they are imported, and hold no tests."""

collect_ignore = ["slice_views.py", "tutorial_pictures.py"]
