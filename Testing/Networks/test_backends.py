"""Both backends give the same, and say with what and how they ran."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from BoneSegModelsLib.architecture import Architecture
from BoneSegModelsLib.backends import BACKENDS, open_backend
from BoneSegModelsLib.blas_threads import single_threaded_blas
from BoneSegModelsLib.errors import ModelError
from BoneSegModelsLib.inference import segment
from BoneSegModelsLib.model_description import ModelDescription
from BoneSegModelsLib.torch_backend import TorchBackend
from BoneSegModelsLib.unet_numpy import NumpyUNet
from BoneSegModelsLib.unet_torch import build_with_weights
from Networks.synthetic_models import (
    FLAT,
    description,
    dice,
    oblique_grid,
    random_model,
    random_weights,
    smooth_scan,
    solid_description,
)

WIDE = Architecture(dimensions=2, features=(4, 6, 8, 6), output_channels=3, output="softmax")
ODD = Architecture(dimensions=2, features=(3, 5), input_channels=2, kernel_size=5, convolutions_per_level=3)
POINTS = Architecture(dimensions=3, features=(3, 4), kernel_size=1, negative_slope=0.3)
SOLID = solid_description().architecture

MODELS = [
    pytest.param(description(FLAT), id="2D"),
    pytest.param(description(WIDE), id="2D, two labels"),
    pytest.param(solid_description(), id="3D, three labels, patches"),
]


@pytest.mark.parametrize("architecture", [FLAT, WIDE, ODD, SOLID, POINTS])
def test_numpy_computes_what_torch_does(architecture: Architecture) -> None:
    weights = random_weights(architecture, 3)
    size = [architecture.multiple * n for n in (5, 3, 2)][: architecture.dimensions]
    image = np.random.default_rng(4).normal(size=(architecture.input_channels, *size)).astype(np.float32)
    with torch.no_grad():
        wanted = build_with_weights(architecture, weights)(torch.from_numpy(image)[None])[0].numpy()
    np.testing.assert_allclose(NumpyUNet(architecture, weights)(image), wanted, rtol=1e-4, atol=1e-4)


def test_numpy_gathers_large_slices_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = random_weights(FLAT, 3)
    image = np.random.default_rng(4).normal(size=(1, 28, 20)).astype(np.float32)
    whole = NumpyUNet(FLAT, weights)(image)
    monkeypatch.setattr("BoneSegModelsLib.unet_numpy.BUFFER_BYTES", 20_000)
    np.testing.assert_allclose(NumpyUNet(FLAT, weights)(image), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("made", MODELS)
def test_torch_and_numpy_agree_on_a_scan(tmp_path: Path, made: ModelDescription) -> None:
    model = random_model(tmp_path, made)
    scan = smooth_scan(oblique_grid((9, 46, 38), (2.2, 0.7, 0.7)))
    by_torch = segment(scan, model, open_backend(model, "torch", "cpu"))
    by_numpy = segment(scan, model, open_backend(model, "numpy"))
    np.testing.assert_allclose(by_numpy.probabilities, by_torch.probabilities, atol=1e-4)
    present = set(np.unique(by_torch.labels)) - {0}
    assert len(present) >= min(2, len(made.labels))
    assert present == set(np.unique(by_numpy.labels)) - {0}
    for value in present:
        assert dice(by_torch.labels == value, by_numpy.labels == value) >= 0.999
    assert (by_torch.backend, by_torch.device) == (f"torch {torch.__version__}", "cpu")
    assert (by_numpy.backend, by_numpy.precision) == (f"numpy {np.__version__}", "float32")


def test_the_mean_of_the_members_counts(tmp_path: Path) -> None:
    model = random_model(tmp_path, description(FLAT), members=3)
    image = np.random.default_rng(0).normal(size=(2, 1, 16, 12)).astype(np.float32)
    networks = [build_with_weights(FLAT, weights) for weights in model.weights]
    with torch.no_grad():
        wanted = torch.stack([torch.sigmoid(network(torch.from_numpy(image))) for network in networks]).mean(0)
    for name in BACKENDS:
        np.testing.assert_allclose(open_backend(model, name, "cpu").probabilities(image), wanted.numpy(), atol=1e-5)


def test_without_torch_numpy_is_chosen_and_the_result_says_so(tmp_path: Path, environment: dict[str, str]) -> None:
    model = random_model(tmp_path, description(FLAT))
    code = f"""
import sys
sys.modules["torch"] = None
import numpy as np
from pathlib import Path
from BoneSegModelsLib.backends import open_backend
from BoneSegModelsLib.errors import ModelError
from BoneSegModelsLib.inference import segment
from BoneSegModelsLib.model_folders import load_model_folder
from VHIWorkflowLib.core.grids import Grid, Volume
model = load_model_folder(Path({str(model.path)!r}))
grid = Grid((3, 20, 20), np.diag([0.6, 0.6, 3.0, 1.0]))
result = segment(Volume(np.arange(1200.0).reshape(grid.shape), grid), model)
print(result.backend.split()[0], result.device, *result.notes, sep="|")
for name, device in (("torch", "auto"), ("auto", "cuda")):
    try:
        open_backend(model, name, device)
    except ModelError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    problem = "torch is not installed or does not start"
    assert done.stdout.splitlines() == [
        f"numpy|cpu|{problem}; the network was run by numpy",
        problem,
        problem,
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("raise OSError('a library does not load')", "torch is not installed or does not start"),
        ("raise RuntimeError('no such operator')", "torch is not installed or does not start"),
        ("__version__ = '1.4.0'", "torch 1.4.0 is damaged or too old; install torch {} or newer"),
        ("", "torch of unknown version is damaged or too old; install torch {} or newer"),
    ],
    ids=["library that does not load", "damaged", "too old", "left by a removal"],
)
def test_a_torch_that_cannot_be_used_gives_way_to_numpy(
    tmp_path: Path, environment: dict[str, str], content: str, problem: str
) -> None:
    model = random_model(tmp_path / "models", description(FLAT))
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(content, encoding="utf-8")
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(tmp_path)!r})
import numpy
from BoneSegModelsLib.backends import open_backend
from BoneSegModelsLib.errors import ModelError
from BoneSegModelsLib.model_folders import load_model_folder
model = load_model_folder(Path({str(model.path)!r}))
print(*open_backend(model).notes)
try:
    open_backend(model, "torch")
except ModelError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    said = problem.format(model.torch_version)
    assert done.stdout.splitlines() == [f"{said}; the network was run by numpy", said], done.stderr


def test_nothing_but_running_networks_loads_torch(tmp_path: Path, environment: dict[str, str]) -> None:
    model = random_model(tmp_path, description(FLAT))
    code = f"""
import sys
from pathlib import Path
from BoneSegModelsLib import backends, export, inference, model_folders, numpy_backend, torch_backend
model = model_folders.list_models(Path({str(model.path.parent)!r}))[0].model
backends.open_backend(model, "numpy")
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("backend", "device", "problem"),
    [
        ("numpy", "cuda", "numpy runs networks on the CPU only"),
        ("tensorflow", "cpu", "there is no backend tensorflow"),
        ("auto", "tpu", "there is no backend auto on tpu"),
    ],
)
def test_what_does_not_exist_is_refused(tmp_path: Path, backend: str, device: str, problem: str) -> None:
    model = random_model(tmp_path, description(FLAT))
    with pytest.raises(ModelError, match=problem):
        open_backend(model, backend, device)  # type: ignore[arg-type]


def test_a_device_that_is_absent_is_refused(tmp_path: Path) -> None:
    model = random_model(tmp_path, description(FLAT))
    for device, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if not there:
            with pytest.raises(ModelError, match=f"torch finds no {device} device"):
                TorchBackend(model, device)


class SmallDevice(TorchBackend):
    """Has no memory for anything, unless it is the CPU."""

    error: BaseException

    def _probabilities(self, batch: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if self.device != "cpu":
            raise self.error
        return super()._probabilities(batch)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("MPS backend out of memory (...)")],
    ids=["cuda", "mps"],
)
def test_out_of_memory_gives_way_to_the_cpu_and_is_said(tmp_path: Path, error: BaseException) -> None:
    model = random_model(tmp_path, description(FLAT))
    scan = smooth_scan(oblique_grid((4, 24, 24), (3, 0.6, 0.6)))
    backend = SmallDevice(model, "cpu")
    backend.device, backend.error = "mps", error
    result = segment(scan, model, backend)
    assert result.device == "cpu"
    assert result.notes == ("mps ran out of memory; the network was run on the CPU",)
    np.testing.assert_array_equal(result.labels, segment(scan, model, open_backend(model, "torch", "cpu")).labels)


def test_too_little_memory_on_the_cpu_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(tmp_path, description(FLAT))

    def exhausted(*_: object) -> npt.NDArray[np.float32]:
        raise MemoryError

    for name, place in (("torch", "torch_backend.TorchBackend._one"), ("numpy", "numpy_backend.NumpyBackend._one")):
        monkeypatch.setattr(f"BoneSegModelsLib.{place}", exhausted)
        with pytest.raises(ModelError, match="not enough memory"):
            open_backend(model, name, "cpu").probabilities(np.zeros((1, 1, 16, 16), np.float32))  # type: ignore[arg-type]


def test_other_errors_of_torch_are_not_swallowed(tmp_path: Path) -> None:
    backend = SmallDevice(random_model(tmp_path, description(FLAT)), "cpu")
    backend.device, backend.error = "mps", RuntimeError("something else")
    with pytest.raises(RuntimeError, match="something else"):
        backend.probabilities(np.zeros((1, 1, 16, 16), np.float32))


def clock(float32: float, bfloat16: float) -> Callable[[], float]:
    """A clock by which each run in float32, which comes first, and in bfloat16 takes so many seconds."""
    ticks = iter(8 * [float32] + 8 * [bfloat16])
    now = 0.0

    def tick() -> float:
        nonlocal now
        now += next(ticks)
        return now

    return tick


@pytest.mark.parametrize(
    ("bfloat16", "precision"), [(0.5, "bfloat16"), (0.79, "bfloat16"), (0.9, "float32"), (2.0, "float32")]
)
def test_bfloat16_only_where_it_is_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bfloat16: float, precision: str
) -> None:
    monkeypatch.setattr("BoneSegModelsLib.torch_backend.has_bfloat16", lambda: True)
    model = random_model(tmp_path, description(FLAT))
    scan = smooth_scan(oblique_grid((4, 40, 40), (3, 0.6, 0.6)))
    result = segment(scan, model, TorchBackend(model, "cpu", clock=clock(1.0, bfloat16)))
    assert result.precision == precision
    exact = segment(scan, model, open_backend(model, "numpy"))
    np.testing.assert_allclose(result.probabilities, exact.probabilities, atol=1e-4 if precision == "float32" else 0.05)


def test_a_recorded_precision_is_used_without_a_trial(tmp_path: Path) -> None:
    backend = TorchBackend(random_model(tmp_path, description(FLAT)), "cpu", "bfloat16", clock(1.0, 9.0))
    backend.probabilities(np.ones((1, 1, 16, 16), np.float32))
    assert backend.precision == "bfloat16"


def test_torch_threads_are_given_back(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    backend = open_backend(random_model(tmp_path, description(FLAT)), "torch", "cpu")
    backend.probabilities(np.ones((3, 1, 16, 16), np.float32))
    assert torch.get_num_threads() == before


def test_blas_threads_are_given_back() -> None:
    with single_threaded_blas():
        product = np.ones((50, 40)) @ np.ones((40, 30))
    assert (product == 40).all()
