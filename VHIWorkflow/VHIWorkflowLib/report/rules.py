"""The rules that the figures of a report follow, for its readers."""

from __future__ import annotations

MASK_RULES = (
    "Cases are matched by case_id (with the time point where all readings have time points) or by file name.",
    "Masks are compared voxel by voxel on one grid; masks on pieces of one lattice of voxels (cropped, or without "
    "empty slices) are put into a common box, masks of other grids are left out and named.",
    "An island (3D, 26 neighbours) counts as found when it shares a voxel with the other mask. With b as the truth, "
    "island sensitivity is the share of the islands of b that a found, island precision that of the islands of a that "
    "b has too.",
    "Two empty masks agree that there is nothing; their overlap cannot be said, so they are counted and left out of "
    "the medians of overlap. When one mask is empty, overlap is 0. Distances are left out where a mask is empty.",
    "Surface distances are between the centres of surface voxels, in mm, spacing between slices included; hd95 is "
    "their 95th percentile in the direction in which it is larger, the mean is over both surfaces.",
)
AGREEMENT_RULES = (
    *MASK_RULES,
    "A subject read at several time points counts as several cases, and intervals take cases as independent.",
    "On log scale (natural logarithm) a VHI of zero counts as half a voxel of the case with the smallest voxels.",
    "Intraclass correlations: 1 takes each case as read by other readers, 2 readers as a sample of all readers "
    "(absolute agreement), 3 these readers as the only ones (consistency); ,1 is the reliability of a single reader, "
    ",k that of the mean of both.",
    "Differences are b less a. The repeatability coefficient counts bias as disagreement, the smallest detectable "
    "change (1.96 standard deviations of the differences) does not.",
    "Intervals cover 95 %: of medians by interpolated order statistics (Hettmansperger and Sheather 1986), of means of "
    "Dice by studentised bootstrap over cases, of bias, limits of agreement (noncentral t), repeatability coefficient, "
    "smallest detectable change, ICC(1) and ICC(3) (F) exactly for normal values, of Pearson's r by Fisher's "
    "transformation. Those of ICC(2) (generalised), Lin's concordance, Spearman's rho (jackknife) and Passing and "
    "Bablok's line cover at least 95 %. VHI itself is far from normal, so where raw figures and those on log scale "
    "differ, trust the latter.",
    "Where too few cases are there for an interval (six for one of a median), none is given.",
)
FAILURES_RULE = (
    "The difference of VHI is shared out among normal bone (with its thresholds), disease region and cleaning: VHI is "
    "recomputed with each taken from either reader, and a part's share is the mean change over all orders of swapping "
    "them, so the shares add up to the whole difference. Cleaning is applied to another mask by its islands: those "
    "count that touch a voxel kept, less voxels removed from an island of which another piece was kept. Disputed "
    "volume is what one reader counts and the other does not; islands are those (3D, 26 neighbours) of the voxels that "
    "either counts. Pictures show the patient's right on the left; slices are numbered as in the file, from 1."
)
REFERENCE_RULES = (
    "A composite mask holds the voxels that more than half of the readers mark (majority), all (intersection), any "
    "(union), or that are inflammation with a probability of at least 0.5 by simultaneous truth and performance level "
    "estimation (staple; Warfield et al. IEEE Trans Med Imaging 2004; 23: 903-921).",
    "A reader's sensitivity and specificity against a composite are within the box around all readers' masks, two "
    "voxels wider; for staple they are its own estimates. The reader is part of that composite, so they flatter; "
    "agreement with the composite of the others (leave one out) does not.",
)
RESPONSE_RULES = (
    "The change in percent has no value for a baseline of zero.",
    "On log scale (natural logarithm) a VHI of zero counts as half a voxel, the smaller one of both scans.",
    "A change beyond the smallest detectable one exceeds what two readings of an unchanged case differ by in 95 % of "
    "cases. The limit on log scale is one of the ratio: it grows with VHI.",
    "Intervals cover 95 %: of medians by interpolated order statistics, of means by Student's t. Tests are of "
    "follow-up against baseline: Wilcoxon's signed-rank test on VHI (equal pairs left out) and the paired t test on "
    "log VHI; p is two-sided and not corrected for the number of tests.",
    "A responder is a subject whose VHI fell by more than the smallest detectable change in mm3. Without a column of "
    "groups, subjects are grouped into responders and others; a test within such a group says nothing, since the "
    "change made the group, and is not given.",
)
EFFORT_RULES = (
    "Time runs from opening a case to its latest step, all sittings together. Steps that one undo takes back count as "
    "one interaction; undos and redos count too. Measurements without time and steps (by command line) are no readings "
    "and left out.",
    "The learning curve is the time of each case by the order in which the reader finished them; Spearman's rho below "
    "zero means that later cases took less time.",
)
