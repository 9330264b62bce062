"""``vhi``, also ``python -m VHIWorkflowLib``."""

import sys

from VHIWorkflowLib.command_line.main import main

if __name__ == "__main__":
    sys.exit(main())
