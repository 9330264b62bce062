"""What can go wrong, said in one sentence that a radiologist can act on."""

from .sentences import sentence_of


class VHIError(Exception):
    """Base of all errors meant for the user: one sentence, what is wrong and what to do.

    ``str(error)`` is that sentence in English. It is raised with a `sentences.Sentence`, so that it can be shown in the
    reader's language.
    """

    @property
    def sentence(self) -> str:
        """The sentence, to be part of another or translated."""
        return sentence_of(self)


class MeasurementError(VHIError):
    """The volumes or regions cannot be measured."""


class NormalBoneError(MeasurementError):
    """The normal bone is unfit for thresholds; a reader can mend it without looking at the scan's file."""


class DiseaseRegionError(MeasurementError):
    """Nothing can be measured in the disease region."""


class CleaningError(VHIError):
    """A cleaning step cannot be taken, or does not fit the case it is replayed on."""
