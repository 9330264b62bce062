"""Pack subjects into one file: `python -m Training.pack --data FOLDER --out subjects.npz`.

The file holds all that training needs, to the last bit, and `--data subjects.npz` reads it where neither the folder nor
SimpleITK is at hand, as on a borrowed computer with a GPU.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from .dataset import load_subjects, load_unlabelled, pack_subjects


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m Training.pack", description="Pack subjects in one file.")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", help="folder of labelled subjects, or phantom:N for N synthetic ones")
    source.add_argument("--unlabelled", help="folder of subjects with t1w.nii.gz only")
    parser.add_argument("--out", required=True, type=Path, help="file to write, ending in .npz")
    chosen = parser.parse_args(arguments)
    if chosen.out.suffix != ".npz":
        parser.error(f"{chosen.out} must end in .npz")
    subjects = load_subjects(chosen.data) if chosen.data else load_unlabelled(chosen.unlabelled)
    pack_subjects(chosen.out, subjects)
    print(f"{len(subjects)} subjects are in {chosen.out}")


if __name__ == "__main__":
    main()
