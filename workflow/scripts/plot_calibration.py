"""Rule plot_calibration: p values where there is nothing to find."""

from complexity_atlas import contracts, logs
from complexity_atlas.figures import calibration, style
from complexity_atlas.statistics.settings import settings_from_config

logs.start_logging(snakemake.log[0])
figure = calibration.draw(
    contracts.read_table(snakemake.input.calibration, contracts.CALIBRATION),
    settings_from_config(snakemake.params.settings | {"seed": snakemake.params.seed}),
)
style.save(figure, snakemake.output[0])
