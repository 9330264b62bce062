"""The scene adaptor: a case in MRML nodes, and the steps of a reading on them. Slicer's MRML, no Qt."""
