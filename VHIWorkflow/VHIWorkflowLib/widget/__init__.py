"""The panel of the Slicer module: Qt only, no computation."""
