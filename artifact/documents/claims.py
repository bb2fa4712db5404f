"""The claims with the command for each, and the experiments with their cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cost import Cost, study_costs, total
from experiments import read_experiments

from repro.analysis.claims import shipped_claims

if TYPE_CHECKING:
    from experiments import Experiment

    from repro.analysis.claims import Claim

UNKNOWN = "not in the released measurements"


def claims_document() -> str:
    """Return every experiment with its commands, and under it its claims."""
    known, found = {claim.id: claim for claim in shipped_claims()}, read_experiments()
    costs = study_costs()
    return "\n\n".join(
        _section(item, [known[name] for name in item.claims], _price(item, costs), found.figures)
        for item in found.experiments
    )


def cost_table() -> str:
    """Return what each experiment costs on the paper's GPU, and all together."""
    costs, lines = study_costs(), []
    for item in read_experiments().experiments:
        cost = _price(item, costs)
        lines.append(f"| {item.id} | {item.title} | {item.human_minutes} min | {_cells(cost)} |")
    lines.append(f"| | **all of it** | | {_cells(total(costs.values()))} |")
    heading = "| | experiment | human | generations | A40 hours | GPU kWh | CPU and RAM kWh |"
    return "\n".join([heading, "|---|---|---|---:|---:|---:|---:|", *lines])


def _price(item: Experiment, costs: dict[str, Cost]) -> Cost | None:
    known = [costs[study] for study in item.studies if study in costs]
    return total(known) if known else None


def _cells(cost: Cost | None) -> str:
    if cost is None:
        return f"{UNKNOWN} | | |"
    gpu, others = cost.kwh()
    return f"{cost.calls:,} | {cost.hours:.1f} | {gpu:.2f} | {others:.2f}"


def _section(item: Experiment, claims: list[Claim], cost: Cost | None, figures: str) -> str:
    machine = f"{cost.hours:.1f} A40 hours" if cost else "machine time " + UNKNOWN
    rows = [
        f"| {claim.id} | {claim.text} | {claim.about} | `{claim.rule}` | {claim.scope} |"
        for claim in claims
    ]
    return "\n".join([
        f"## {item.id}: {item.title} [{item.human_minutes} human-minutes + {machine}]",
        "", f"    {item.command}", f"    {figures}", "",
        f"Look at {', '.join(f'`{name}`' for name in item.shows)}. {item.variation}",
        "", "| claim | sentence | shown in | rule | hardware |", "|---|---|---|---|---|", *rows,
    ])  # fmt: skip
