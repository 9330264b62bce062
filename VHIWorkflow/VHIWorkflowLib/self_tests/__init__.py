"""Self-tests that run unattended in a real 3D Slicer: the reader's steps by simulated mouse and buttons."""
