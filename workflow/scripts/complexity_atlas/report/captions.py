"""Title and caption of every figure in the report."""

import pandas as pd

from complexity_atlas.figures.selection import Selection
from complexity_atlas.report import words
from complexity_atlas.statistics.settings import Settings


def of_figure(name: str, selection: Selection, settings: Settings) -> tuple[str, str]:
    """Title and caption of the figure `name`; of an unknown one its name as title."""
    if name not in _CAPTIONS:
        return name.replace("_", " ").capitalize(), ""
    title, caption = _CAPTIONS[name]
    return title, caption.format(
        measure=selection.label,
        description=selection.description,
        confidence=words.percent(settings.confidence, 0),
        power=words.percent(settings.power, 0),
        smallest=words.short(settings.smallest_effect),
        size_ratio=words.short(settings.size_ratio),
    )


def of_network(models: pd.DataFrame, model: str) -> tuple[str, str]:
    """Title and caption of the plane of one network's tensors."""
    name = models.set_index("model")["name"].get(model, model)
    return name, "Colour and marker are the role of a tensor, the area its number of weights."


_CAPTIONS = {
    "score_vs_complexity": (
        "Score against complexity",
        "Each point is a network; above its complexity as it is, below what exceeds the null, "
        "Gaussian weights of the same number. Vertical bars are {confidence} intervals of the "
        "score where its source allows one, horizontal bars twice the standard deviation of the "
        "null. Shown: {description}. Intervals of ρ are bootstraps over families.",
    ),
    "forest": (
        "Size-adjusted association of every measure",
        "Correlation of what size leaves unexplained of score and of measure, with its "
        "{confidence} interval over families: the primary effect first, then the other measures "
        "in its binning, those of spectra, then its measure in the other binnings. The band is "
        "±{smallest}, the smallest effect of interest. No interval is corrected for the number of "
        "tests.",
    ),
    "power": (
        "What could be seen at all",
        "Probability that a test at {confidence} confidence finds a correlation of a given size, "
        "given the covariates, in the most networks of which some measure is known, as if they "
        "were independent. Grey numbers are the networks of other studies; the dashed lines "
        "are a power of {power} and the smallest effect of interest, {smallest}.",
    ),
    "leave_family_out": (
        "Predicting a family that was never seen",
        "Each network’s score against its prediction by a line through all other families: open "
        "without complexity, full with it. Complexity helps where the line between the two leads "
        "towards the diagonal. Arrowheads lie outside the panel. Scores of which less is better "
        "have their sign turned. Shown: {description}.",
    ),
    "matched_pairs": (
        "Two networks of about the same size",
        "Share of pairs of networks of different families in which the higher value goes with the "
        "higher score, by how far their sizes may differ; above, the number of pairs. Bars are "
        "{confidence} intervals over families; the line at one half is a coin, the dotted one the "
        "limit of the guidance, {size_ratio}. Shown: {description}.",
    ),
    "calibration": (
        "p where there is nothing to find",
        "Made-up studies of 41 networks in 12 families: score and complexity follow size and know "
        "nothing of each other, but relatives are alike. A test that keeps its level lies on the "
        "diagonal; the band holds all of such a line with {confidence} probability.",
    ),
    "plane": (
        "The complexity–entropy plane",
        "Every histogram lies between the two grey bounds; the small panel shows the whole "
        "plane and where the large one lies in it. Crosses are Gaussian weights. "
        "Shown: {description}.",
    ),
    "depth_profile": (
        "Complexity over depth",
        "Points are tensors, their area grows with the number of weights; a fraction such as 20/58 "
        "counts those that are defined. The line goes through layers, or where there are none "
        "through the mean at each depth; the dashed line is the null of the whole network. "
        "Shown: {description}.",
    ),
    "zoo_training": (
        "Complexity along training",
        "Above {measure}, beneath what the networks can do: a line per training run, colour is "
        "size, line style the seed. Step 0 is drawn at the left end; the dashed line is the null, "
        "Gaussian weights. Shown: {description}.",
    ),
    "zoo_plane": (
        "Training on the complexity–entropy plane",
        "Every line is a run, from its small dot (untrained) to its large one (trained). Grey "
        "lines, where they cross a panel, are the bounds that any histogram obeys. "
        "Shown: {description}.",
    ),
    "zoo_controls": (
        "The same complexity without the capability",
        "Trained networks at the last step, the same weights shuffled within each tensor, and "
        "Gaussian weights of the same means and widths. The dashed line is a guess without "
        "context. Shown: {description}.",
    ),
    "routing": (
        "Is a router worth its cost?",
        "Above, cost and accuracy of single networks (black), of mixing them at random (dashed), "
        "and of routers that read the text of an item: a line over all thresholds, a marker where "
        "each item goes to its likeliest class. Below, where the truth is known: what labels by "
        "several trials buy. A router that learns from them comes near the best network, mostly by "
        "sending it nearly everything.",
    ),
    "ceilings": (
        "Who stops getting better with size?",
        "Left, the slope of every family’s score on size with its interval; inside the band a line "
        "is flat. Right, how often the rule would call a line flat, by its true slope, with as "
        "many networks and items; the dashed lines are the margin and the level of the test.",
    ),
    "superposition": (
        "How many features could a network compute?",
        "Left, the most ANDs of two inputs that the weights of each network can tell apart, by "
        "bits per weight; crosses are networks of the zoo. Middle, the neurons of the smallest "
        "construction that passed every check, with the law √m′·log₂m′ through them, and of "
        "trained networks, between one neuron per feature and the bound for a square layer. Right, "
        "how often two simpler constructions of the same size err, on inputs that turn an output "
        "on and on any two inputs.",
    ),
    "head_tuning": (
        "Risk of a linear head against its number of features",
        "Lines are theory, markers simulated training sets of n samples. Above, excess risk with "
        "and without a ridge penalty, its parts, and the total risk for chains with rows from "
        "Dirichlet(α); circles are first minima. Below, the spectrum of the features over the "
        "noise σ², and heads on the last hidden vector of a frozen network (median and quartiles "
        "over training sets).",
    ),
    "score_sources": (
        "What sources say of the same thing",
        "Each point is a model on a benchmark: what another source says, by any protocol, minus "
        "the score that is used. Copies are left out. The band is what the sampling of items "
        "explains, 1.96 median standard errors; points beyond it are other protocols, or errors.",
    ),
    "score_coverage": (
        "Which scores there are",
        "Dark where a score is used, light where there is one by another protocol. Numbers count "
        "the models with a score that is used.",
    ),
    "quantisation": (
        "Complexity of the codes of quantised weights",
        "Each point is a network; τ is Kendall’s rank correlation of the two orders. Codes are a "
        "finite alphabet: no bins are chosen. Scales differ between panels. Shown: {description}.",
    ),
    "confound": (
        "Complexity of noise against its amount",
        "{measure} of Gaussian weights, which know nothing, under every binning, with the spread "
        "of one draw. A line that is not flat is a measure of size.",
    ),
    "sensitivity": (
        "Does the order survive the binning?",
        "Rank of every network under every binning, for both views. τ is Kendall’s rank "
        "correlation with the primary binning. An undefined complexity breaks a line.",
    ),
}
