"""The program that takes the pictures runs in Slicer, and holds no tests."""

collect_ignore = ["screenshots.py"]
