"""Does complexity predict capability beyond size and training data? One module per question.

Every question is a function `question(analysis, settings) -> frame`, pure and deterministic: a
tidy frame with one row per model, benchmark and predictor goes in (columns in `design.ANALYSIS`),
rows of `contracts.STATISTICS` come out. What cannot be computed is a row without estimate whose
`note` says why.

    raw             does the score go with the measure, whatever the size of the models?
    size_adjusted   … beyond what size, and training data, predict of both?
    power           which effects could be seen at all with so many models?
    targets         how many different things do the benchmarks measure?
    multiplicity    which findings remain after everything that was tested?
    noise           models that know nothing, to run through the same code

What they share: `settings`, decided before any score is looked at; `design`, from frames to
matrices and from results to rows; `resampling`, permutations and bootstraps that respect families.
"""
