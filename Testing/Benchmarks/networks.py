"""The networks: three members on a scan of 25 x 336 x 336 voxels at 0.595 mm, against eager torch on a whole batch.

The networks see that scan at a coarser pixel size. Three things are timed in turn on the same scan:

- here: from grey levels to the label map on the scan's own grid, all that `segment` does, with torch and with numpy;
- the published way: the same three members as plain torch modules in float32, one after the other, each given all
  slices at the scan's full resolution in one batch; nothing else, no scaling and no resampling;
- the same at the networks' own size (all slices at their pixel size), which says how much is left when the coarser grid
  is not counted.

Then, each in processes of its own, loading and memory; and T1w and STIR to a cleaned table with `--keep`, warm.

Without a bundled model the members have random weights of the architecture that is trained: times do not hang on
weights, and the Dice between torch and numpy is that of random networks.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from Benchmarks.benchmark_cases import usual_case
from Benchmarks.child_process import interleaved, run
from Benchmarks.side_by_side import arguments, ratio_line, ratios, side_by_side, target, title
from BoneSegModelsLib.architecture import Architecture
from BoneSegModelsLib.backends import open_backend
from BoneSegModelsLib.canonical import canonical_frame
from BoneSegModelsLib.inference import segment
from BoneSegModelsLib.model_description import IntensityScaling, ModelInput
from BoneSegModelsLib.model_folders import Model, find_model, list_models
from Networks.synthetic_models import description, dice, random_model
from RealCases import real_cases
from VHIWorkflowLib.core.grids import Grid, Volume
from VHIWorkflowLib.files.image_writing import write_volume
from VHIWorkflowLib.files.scans import Scan
from VHIWorkflowLib.study.case_inputs import CaseFiles
from VHIWorkflowLib.study.case_record import CaseKey
from VHIWorkflowLib.study.found_regions import Networks
from VHIWorkflowLib.study.measure_case import Request, measure_case

NAME = "disease_region"
SHAPE, PIXEL_MM = (25, 336, 336), 0.595
ARCHITECTURE = Architecture(dimensions=2, features=(16, 32, 64, 96, 112, 112), input_channels=3)
SEEN = ModelInput("T1w", 0.9, context_slices=1, intensity=IntensityScaling(limits=(-0.1, 1.5)), largest_skewness=2.1)
LOAD = """
import sys, time
from pathlib import Path
started, cpu = time.perf_counter(), time.process_time()
if sys.argv[2] == "torch":
    import torch
imported = time.perf_counter()
from BoneSegModelsLib.backends import open_backend
from BoneSegModelsLib.model_folders import load_model_folder
open_backend(load_model_folder(Path(sys.argv[1])), sys.argv[2], "cpu")
print(time.perf_counter() - started, time.perf_counter() - imported, time.process_time() - cpu)
"""


def the_model(folder: Path) -> Model:
    """The bundled model, else one of the same size with random weights."""
    if any(entry.name == NAME for entry in list_models()):
        return find_model(NAME)
    print("no model is bundled: random weights instead")
    return random_model(folder, description(ARCHITECTURE, name=NAME, input=SEEN), members=3)


def the_scan() -> Volume:
    """The T1w scan of a real case, else random grey levels of the same shape."""
    from VHIWorkflowLib.files.volumes import read_image

    for case in real_cases():
        return read_image(case.t1_path)
    affine = np.diag([-PIXEL_MM, 1, 1, 1]) @ np.eye(4)[[0, 2, 1, 3]] @ np.diag([1, -PIXEL_MM, -3.3, 1])
    return Volume(np.random.default_rng(0).gamma(2, 200, SHAPE).astype(np.float32), Grid(SHAPE, affine))


def published_way(model: Model, rows: int, columns: int) -> Callable[[], object]:
    """All slices of this size in one batch through each member, plain torch modules in float32."""
    import torch
    from BoneSegModelsLib.unet_torch import build_with_weights

    architecture = model.description.architecture
    multiple = architecture.multiple
    size = (-(-rows // multiple) * multiple, -(-columns // multiple) * multiple)
    batch = torch.randn(SHAPE[0], architecture.input_channels, *size)
    members = [build_with_weights(architecture, weights) for weights in model.weights]

    def work() -> object:
        with torch.no_grad():
            return torch.stack([torch.sigmoid(member(batch)) for member in members]).mean(0)

    return work


def report_speed(model: Model, scan: Volume, rounds: int) -> None:
    """Times side by side, their ratios, and the Dice of both backends."""
    import torch

    title(f"networks: {len(model.members)} members on {' x '.join(map(str, scan.grid.shape))} voxels")
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    torch_backend, numpy_backend = open_backend(model, "torch", "cpu"), open_backend(model, "numpy")
    frame = canonical_frame(scan.grid, model.description.input)
    times = side_by_side(
        {
            "here, torch": lambda: segment(scan, model, torch_backend),
            "here, numpy": lambda: segment(scan, model, numpy_backend),
            "published way": published_way(model, *frame.scan_shape[1:]),
            "published way, coarse": published_way(model, *frame.shape[1:]),
        },
        rounds,
    )
    for name, each in times.items():
        print(f"{name:<24} {each.in_s()}")
    here = times["here, torch"]
    print(f"published way / here, torch: {ratio_line(times['published way'], here)}")
    print(f"the same at their pixel size: {ratio_line(times['published way, coarse'], here)}")
    by_wall, by_cpu = (
        float(np.median(ratios(getattr(times["published way"], kind), getattr(here, kind)))) for kind in ("wall", "cpu")
    )
    target("published way / torch here, by wall time", by_wall, 8.0, "times", at_least=True)
    target("published way / torch here, by CPU time", by_cpu, 8.0, "times", at_least=True)
    target("numpy path", times["here, numpy"].median, 30.0, "s")
    one, other = (segment(scan, model, backend).labels > 0 for backend in (torch_backend, numpy_backend))
    target("Dice of numpy against torch", dice(one, other), 0.999, "", at_least=True)
    print(f"precision {torch_backend.precision}; the region has {int(one.sum())} voxels")


def report_start(model: Model, scan: Volume, folder: Path, rounds: int) -> None:
    """Loading in a fresh process, and the peak memory of ``vhi segment``."""
    title("networks: loading and memory, fresh processes")
    path = folder / "t1w.nii.gz"
    write_volume(path, scan)
    for name in ("torch", "numpy"):
        command = (sys.executable, "-c", LOAD, str(model.path), name)
        run(command)
        seconds = np.array([[float(part) for part in run(command).split()] for _ in range(rounds)])
        whole, alone, cpu = np.median(seconds, axis=0)
        print(f"{name}: {whole:.2f} s with imports but numpy's, {alone:.2f} s without torch's own; {cpu:.2f} s CPU")
        target(f"loading the models, {name}", float(alone if name == "torch" else whole), 1.0, "s")
    commands = {
        name: (
            *(
                sys.executable,
                "-m",
                "VHIWorkflowLib",
                "segment",
                "--t1",
                str(path),
                "--out",
                str(folder / "out.nii.gz"),
            ),
            *("--models", str(model.path.parent), "--backend", name, "--device", "cpu"),
        )
        for name in ("torch", "numpy")
    }
    for name, runs in interleaved(commands, rounds).items():
        print(f"vhi segment, {name}: {runs.times.in_s()}, peak {runs.peak_mb:.0f} MB")
        target(f"memory, {name}", runs.peak_mb, 2000.0, "MB")


def report_case(model: Model, folder: Path, rounds: int) -> None:
    """T1w and STIR to a cleaned table, warm, in one process; the normal bone is given."""
    title("networks: T1w and STIR to a cleaned table with --keep, warm")
    case = usual_case()
    files = case.write(folder / "case")
    for real in real_cases():
        if real.case_id == case.name:
            files = CaseFiles(Scan(real.stir_path), Scan(real.t1_path), (real.normal_bone_path,))
    keep = folder / "keep.nii.gz"
    write_volume(keep, Volume(case.keep if case.keep is not None else case.normal_bone, case.stir.grid))
    wanted = replace(files, keep=keep, disease_region=None)
    request = Request(CaseKey(case.name, "baseline", "R"), wanted, folder / "out", networks=Networks(model.path.parent))
    times = side_by_side({"measure": lambda: measure_case(request)}, rounds)["measure"]
    print(f"{case.name}: {times.in_s()}")
    target("T1w and STIR to a cleaned table", times.median, 2.0, "s")


def main() -> None:
    """Run them all."""
    rounds = arguments(__doc__, rounds=2).rounds
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, scan = the_model(folder), the_scan()
        report_start(model, scan, folder, rounds)
        report_case(model, folder, rounds)
        report_speed(model, scan, rounds)


if __name__ == "__main__":
    main()
