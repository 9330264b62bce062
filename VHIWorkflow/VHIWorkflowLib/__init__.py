"""Volume of hyperintense inflammation (VHI) on sacroiliac-joint MRI.

``core`` computes on arrays, ``files`` reads and writes, ``command_line`` is ``vhi``. Arrays are indexed
(slice, row, column) = (k, j, i), as SimpleITK and 3D Slicer give them; affines take (i, j, k) to RAS in mm.
"""

__version__ = "0.1.0"
