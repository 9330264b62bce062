"""Run the networks of a model with torch, which is imported here only, when it is needed."""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import ModelError
from .model_folders import Member, Model
from .threads import thread_count

if TYPE_CHECKING:
    from torch import Tensor

_ = sentences_of(__name__)

FloatArray = npt.NDArray[np.float32]
Clock = Callable[[], float]
Precision = Literal["float32", "bfloat16"]

BFLOAT16_ADVANTAGE = 0.8
"""bfloat16 is used when it takes at most this share of the time of float32."""
TRIAL_SIDE = 96
TRIAL_RUNS = 3
IMAGES_AT_ONCE = {"cuda": 16, "mps": 4}
"""2D slices in one batch; on a CPU a few for each thread."""
IMAGES_EACH = 2
"""2D slices that a thread of a CPU takes at once."""

NEEDED = ("__version__", "cpu", "cuda", "from_numpy", "inference_mode", "jit")
"""Parts of torch without which no network runs."""

NOT_ENOUGH = _("there is not enough memory to run the network; close other programs")


class TorchUnavailableError(ModelError):
    """torch is missing, or cannot read the networks."""


class TorchBackend:
    """Frozen TorchScript, channels last.

    On a CPU that has bfloat16 the first image decides by a small trial whether it is used: where it takes at most 0.8
    of the time of float32. Elsewhere it is float32. A device that runs out of memory gives way to the CPU, for good,
    and the notes say so.

    Parameters
    ----------
    model
        Whose members are run.
    device
        `auto`: CUDA where torch can use it, else the CPU.
    precision
        Without a trial, as when a record is repeated.
    clock
        Seconds, for the trial.

    Raises
    ------
    TorchUnavailableError
        If torch is missing, or too old for the networks.
    ModelError
        If torch cannot use the device.
    """

    def __init__(
        self,
        model: Model,
        device: str = "auto",
        precision: Precision | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:
        self._torch = torch = _torch_for(model)
        self._clock = clock
        self._model = model
        self._softmax = model.description.architecture.output == "softmax"
        self._dimensions = model.description.architecture.dimensions
        self.device = self._chosen(device)
        self.precision: Precision = precision or "float32"
        self.notes: tuple[str, ...] = ()
        self.name = f"torch {torch.__version__}"
        self._threads = thread_count()
        self._undecided = precision is None and has_bfloat16()
        self._networks = self._load(self.precision)

    @property
    def batch_size(self) -> int:
        """See `Backend`."""
        return IMAGES_AT_ONCE.get(self.device, IMAGES_EACH * self._threads) if self._dimensions == 2 else 1

    def probabilities(self, batch: FloatArray) -> FloatArray:
        """See `Backend`."""
        try:
            return self._probabilities(batch)
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            if self.device == "cpu":
                raise ModelError(NOT_ENOUGH) from error
        self._fall_back()
        return np.concatenate([self.probabilities(image[None]) for image in batch])

    def _probabilities(self, batch: FloatArray) -> FloatArray:
        if self._undecided and self.device == "cpu":
            self._decide_precision(batch)
        image = self._tensor(batch, self.precision)
        return self._mean(self._networks, image)

    def _mean(self, networks: list[Any], image: Tensor) -> FloatArray:
        """Mean of the probabilities; on a CPU each thread has an image or two in one network."""
        if self.device != "cpu":
            with self._torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
                return self._array(self._mean_of([self._one(network, image) for network in networks]))
        each = min(-(-len(image) // self._threads), IMAGES_EACH)
        tasks = list(product(self._torch.split(image, each), networks))
        with self._one_thread_each(), ThreadPoolExecutor(self._threads) as pool:
            single = list(pool.map(lambda task: self._one(task[1], task[0]), tasks))
        members = len(networks)
        means = [self._mean_of(single[first : first + members]) for first in range(0, len(single), members)]
        return np.concatenate([self._array(mean) for mean in means])

    def _one(self, network: Any, image: Tensor) -> Tensor:
        torch = self._torch
        with torch.inference_mode():
            logits = network(image).float()
            probabilities: Tensor = torch.softmax(logits, 1) if self._softmax else torch.sigmoid(logits)
        return probabilities

    def _mean_of(self, members: list[Tensor]) -> Tensor:
        with self._torch.inference_mode():
            mean: Tensor = self._torch.stack(members).mean(0)
        return mean

    @staticmethod
    def _array(tensor: Tensor) -> FloatArray:
        array: FloatArray = tensor.contiguous().cpu().numpy()
        return array

    @contextmanager
    def _one_thread_each(self) -> Iterator[None]:
        """Let torch use one thread for each image: threads that wait for each other cost more on a busy machine."""
        before = self._torch.get_num_threads()
        self._torch.set_num_threads(1)
        try:
            yield
        finally:
            self._torch.set_num_threads(before)

    def _tensor(self, batch: FloatArray, precision: Precision) -> Tensor:
        torch = self._torch
        layout = torch.channels_last if self._dimensions == 2 else torch.channels_last_3d
        image = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device, getattr(torch, precision))
        laid_out: Tensor = image.contiguous(memory_format=layout)
        return laid_out

    def _decide_precision(self, batch: FloatArray) -> None:
        """Try both precisions on the middle of one image."""
        self._undecided = False
        multiple = self._model.description.architecture.multiple
        side = max(TRIAL_SIDE // multiple, 1) * multiple
        middle = [slice((n - min(n, side)) // 2, (n + min(n, side)) // 2) for n in batch.shape[2:]]
        trial = batch[(slice(0, 1), slice(None), *middle)]
        reduced = self._load("bfloat16", members=1)
        whole_time = self._seconds(self._networks[:1], self._tensor(trial, "float32"))
        reduced_time = self._seconds(reduced, self._tensor(trial, "bfloat16"))
        if reduced_time <= BFLOAT16_ADVANTAGE * whole_time:
            self.precision = "bfloat16"
            self._networks = self._load(self.precision)

    def _seconds(self, networks: list[Any], image: Tensor) -> float:
        """Shortest time of a few runs; the first ones, in which torch gets ready, do not count."""
        times = []
        for run in range(TRIAL_RUNS + 2):
            start = self._clock()
            self._mean(networks, image)
            if run >= 2:
                times.append(self._clock() - start)
        return min(times)

    def _fall_back(self) -> None:
        self.notes += (_("{device} ran out of memory; the network was run on the CPU").format(device=self.device),)
        self.device = "cpu"
        self._networks = []
        if self._torch.cuda.is_available():
            self._torch.cuda.empty_cache()
        self._networks = self._load(self.precision)

    def _load(self, precision: Precision, members: int | None = None) -> list[Any]:
        return [self._load_member(member, precision) for member in self._model.members[:members]]

    def _load_member(self, member: Member, precision: Precision) -> Any:
        torch = self._torch
        layout = torch.channels_last if self._dimensions == 2 else torch.channels_last_3d
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TorchScript is what all versions of torch read
            try:
                network = torch.jit.load(io.BytesIO(member.torchscript), map_location="cpu").eval()
            except RuntimeError as error:
                needed = self._model.torch_version
                problem = _("cannot be read by torch {version}; install torch {needed} or newer").format(
                    version=torch.__version__, needed=needed
                )
                raise TorchUnavailableError(
                    _("{path}: {problem}").format(path=member.torchscript_path, problem=problem)
                ) from error
            network = network.to(device=self.device, dtype=getattr(torch, precision), memory_format=layout)
            return torch.jit.freeze(network)

    def _chosen(self, device: str) -> str:
        torch = self._torch
        if device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        if not there.get(device, False):
            raise ModelError(
                _("torch finds no {device} device on this computer; choose auto or cpu").format(device=device)
            )
        return device


def _torch_for(model: Model) -> Any:
    """The library, complete enough for a model.

    Raises
    ------
    TorchUnavailableError
        If it is missing, does not start, or is too old.
    """
    try:
        import torch
    except Exception as error:  # a damaged installation raises what it likes
        raise TorchUnavailableError(_("torch is not installed or does not start")) from error
    if not all(hasattr(torch, name) for name in NEEDED):  # what an unfinished removal leaves has not even a version
        raise TorchUnavailableError(
            _("torch {version} is damaged or too old; install torch {needed} or newer").format(
                version=getattr(torch, "__version__", _("of unknown version")), needed=model.torch_version
            )
        )
    return torch


def has_bfloat16() -> bool:
    """Whether the processor computes in bfloat16 by itself, as far as torch knows."""
    import torch

    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(there is True for name, there in capabilities.items() if "bf16" in name)


def _out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch means that memory ran out: CUDA has a class for it, MPS and the CPU only words."""
    words = str(error).lower()
    named = type(error).__name__ in ("OutOfMemoryError", "MemoryError")
    return named or "out of memory" in words or "can't allocate memory" in words or "not enough memory" in words
