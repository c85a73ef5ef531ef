"""Does complexity predict capability beyond size and training data? One module per question.

Every question is a function `question(analysis, settings) -> frame`, pure and deterministic: a
tidy frame with one row per model, benchmark and predictor goes in (columns in `design.ANALYSIS`),
rows of `contracts.STATISTICS` come out. What cannot be computed is a row without estimate whose
`note` says why.

    raw               does the score go with the measure, whatever the size of the models?
    size_adjusted     … beyond what size, and training data, predict of both?
    leave_family_out  does the measure help to predict a family that was never seen?
    matched_pairs     of two models of the same size, does the more complex one score higher?
    mixed_model       … when relatives are allowed a common head start?
    trajectories      … while one network trains?
    ceilings          does a family stop getting better with size while its loss still falls?
    relation          which mathematical form, if any, relates the two?
    guidance          how often does complexity pick the better of two models?
    power             which effects could be seen at all with so many models?
    targets           how many different things do the benchmarks measure?

`multiplicity` holds the p of all questions together, `verdict` says in words what follows, and
`noise` makes models that know nothing, to run through the same code.

What they share: `settings`, decided before any score is looked at; `design`, from frames to
matrices and from results to rows; `resampling`, permutations and bootstraps that respect families.
"""
