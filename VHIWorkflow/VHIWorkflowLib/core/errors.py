"""What can go wrong, said in one sentence that a radiologist can act on."""


class VHIError(Exception):
    """Base of all errors meant for the user: one sentence, what is wrong and what to do."""


class MeasurementError(VHIError):
    """The volumes or regions cannot be measured."""


class NormalBoneError(MeasurementError):
    """The normal bone is unfit for thresholds; a reader can mend it without looking at the scan's file."""


class DiseaseRegionError(MeasurementError):
    """Nothing can be measured in the disease region."""


class CleaningError(VHIError):
    """A cleaning step cannot be taken, or does not fit the case it is replayed on."""
