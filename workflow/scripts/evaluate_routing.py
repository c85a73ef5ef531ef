"""Rule evaluate_routing: routers by task complexity against what needs no router."""

from complexity_atlas import contracts, logs
from complexity_atlas.experiments.routing.settings import settings_from_config
from complexity_atlas.experiments.routing.study import route, source_problem, zoo_problems
from complexity_atlas.experiments.routing.tables import CONTRACTS
from complexity_atlas.experiments.zoo.tables import ITEMS, RESPONSES, SCORES
from complexity_atlas.scores.per_item import PerItem

logs.start_logging(snakemake.log[0])
settings = settings_from_config(snakemake.params.settings)
problems = []
if snakemake.input.zoo:
    zoo = map(contracts.read_table, snakemake.input.zoo, (ITEMS, RESPONSES, SCORES))
    problems += zoo_problems(*zoo, settings)
for (name, cost), items, responses in zip(
    snakemake.params.cost.items(), snakemake.input.asked, snakemake.input.answered, strict=True
):
    data = PerItem(
        contracts.read_table(items, contracts.ITEMS),
        contracts.read_table(responses, contracts.RESPONSES),
    )
    problems.append(source_problem(name, data, cost, settings))
for name, table in route(problems, settings).items():
    contracts.write_table(table, snakemake.output[name], CONTRACTS[name])
