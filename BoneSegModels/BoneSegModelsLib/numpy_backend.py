"""Run the networks of a model with numpy alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import numpy.typing as npt
from VHIWorkflowLib.core.sentences import sentences_of

from .blas_threads import single_threaded_blas
from .errors import ModelError
from .model_folders import Model
from .threads import thread_count
from .unet_numpy import NumpyUNet

_ = sentences_of(__name__)

FloatArray = npt.NDArray[np.float32]


class NumpyBackend:
    """Runs on the CPU; each thread has one image in one network.

    Parameters
    ----------
    model
        Whose members are run.
    notes
        Why this backend was chosen, if anybody should know.
    """

    def __init__(self, model: Model, notes: tuple[str, ...] = ()) -> None:
        architecture = model.description.architecture
        self._networks = [NumpyUNet(architecture, weights) for weights in model.weights]
        self._softmax = architecture.output == "softmax"
        self._threads = thread_count()
        self.notes = notes
        self.name = f"numpy {np.__version__}"
        self.device = "cpu"
        self.precision = "float32"
        self.batch_size = self._threads if architecture.dimensions == 2 else 1

    def probabilities(self, batch: FloatArray) -> FloatArray:
        """See `Backend`."""
        tasks = list(product(batch, self._networks))
        try:
            with single_threaded_blas(), ThreadPoolExecutor(self._threads) as pool:
                single = list(pool.map(lambda task: self._one(*task), tasks))
        except MemoryError as error:
            raise ModelError(_("there is not enough memory to run the network; close other programs")) from error
        members = len(self._networks)
        means = [np.mean(single[first : first + members], axis=0) for first in range(0, len(single), members)]
        return np.stack(means).astype(np.float32)

    def _one(self, image: FloatArray, network: NumpyUNet) -> FloatArray:
        logits = network(image)
        if self._softmax:
            shares = np.exp(logits - logits.max(axis=0))
            return np.asarray(shares / shares.sum(axis=0), dtype=np.float32)
        return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), dtype=np.float32)  # the sigmoid, without overflow
