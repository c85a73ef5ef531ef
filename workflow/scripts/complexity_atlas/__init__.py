"""The statistical complexity of neural-network weights, and what it says about capability.

Everything here works on plain arguments, arrays and frames, and knows nothing of Snakemake. The way
of the data, each room knowing only those before it:

    contracts, errors, …   the columns of every table; what all others need
    weights                where weights come from, their formats, the role of a tensor
    counts                 how often each value occurs in a tensor
    complexity             binnings, measures and nulls of counts
    spectra, quantisation  singular values and codes, and what is measured of them
    measure, study         one model in, its counts and spectra out; the models of a study
    scores                 published scores: fetched, curated, explained
    statistics             a module for each question put to complexities and scores
    figures, report        a module for each figure; the page
    experiments            zoo, superposition, head_tuning, routing, ceilings: each stands alone
    one_model, archive     one or two checkpoints without a study; a finished study as one file
    commands               the command line
"""

__version__ = "0.1.0"

METHOD_VERSION = "1"
"""Version of what a measured model's files hold.

It is a parameter of the measuring rule: raising it measures every model again. A test with known
values fails when the numbers change and this does not.
"""
