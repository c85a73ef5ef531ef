"""Rule plot_noise: complexity of noise against its number of weights."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import confound, style

logs.start_logging(snakemake.log[0])
table = contracts.read_table(snakemake.input.noise, contracts.NOISE)
style.save(confound.draw(table, snakemake.params.measure), snakemake.output[0])
