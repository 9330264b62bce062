"""What runs the networks of a model: torch where it is installed, else numpy."""

from __future__ import annotations

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.sentences import sentences_of

from .errors import ModelError
from .model_folders import Model
from .numpy_backend import NumpyBackend
from .torch_backend import TorchBackend, TorchUnavailableError

_ = sentences_of(__name__)

FloatArray = npt.NDArray[np.float32]
BackendName = Literal["auto", "torch", "numpy"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]

BACKENDS: tuple[BackendName, ...] = ("auto", "torch", "numpy")
DEVICES: tuple[DeviceName, ...] = ("auto", "cpu", "cuda", "mps")


class Backend(Protocol):
    """Runs all members of a model."""

    @property
    def name(self) -> str:
        """`torch` or `numpy`, with its version."""

    @property
    def device(self) -> str:
        """`cpu`, `cuda` or `mps`."""

    @property
    def precision(self) -> str:
        """`float32` or `bfloat16`."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the record should say about how the networks ran, one sentence each."""

    @property
    def batch_size(self) -> int:
        """How many images are best given at once."""

    def probabilities(self, batch: FloatArray) -> FloatArray:
        """Mean of the members' probabilities.

        Parameters
        ----------
        batch
            Shape (images, input channels, [slices,] rows, columns), scaled.

        Returns
        -------
        Shape (images, output channels, [slices,] rows, columns).

        Raises
        ------
        ModelError
            If there is not enough memory.
        """


def open_backend(model: Model, backend: BackendName = "auto", device: DeviceName = "auto") -> Backend:
    """Load the networks of a model.

    Parameters
    ----------
    backend
        `auto`: torch, or numpy when torch is missing or cannot read the networks; the notes then say so.
    device
        `auto`: CUDA where torch can use it, else the CPU. numpy knows the CPU only.

    Raises
    ------
    ModelError
        If what was asked for is not there.
    """
    if backend not in BACKENDS or device not in DEVICES:
        raise ModelError(
            _("there is no backend {backend} on {device}; choose of {backends} and {devices}").format(
                backend=backend, device=device, backends=BACKENDS, devices=DEVICES
            )
        )
    if backend == "numpy":
        if device not in ("auto", "cpu"):
            raise ModelError(_("numpy runs networks on the CPU only; for {device} choose torch").format(device=device))
        return NumpyBackend(model)
    try:
        return TorchBackend(model, device)
    except TorchUnavailableError as error:
        if backend == "torch" or device not in ("auto", "cpu"):
            raise
        return NumpyBackend(model, notes=(_("{error}; the network was run by numpy").format(error=error),))
