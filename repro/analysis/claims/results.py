"""Every claim judged on every setup, and the table of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.claims.definitions import ANY
from repro.analysis.claims.findings import findings
from repro.analysis.claims.judgement import Judgement, Outcome, UndecidedError
from repro.analysis.claims.rules import RULES
from repro.analysis.pareto.panels import panels
from repro.analysis.points import batch_points, step_points
from repro.analysis.tables.columns import CLASS, HARDWARE, PROTOCOL, WEIGHTS, Column, machine
from repro.analysis.tables.table import Table
from repro.records import BundleClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.claims.definitions import Claim
    from repro.analysis.claims.findings import Findings, Setup
    from repro.analysis.pareto.panels import Panel
    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import DataSet


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What became of one claim in one setup."""

    claim: Claim
    setup: Setup
    bundle_class: BundleClass
    outcome: Outcome
    evidence: str


def evaluate(
    data: DataSet,
    claims: Sequence[Claim],
    *,
    singles: Sequence[Point] | None = None,
    batches: Sequence[Point] | None = None,
    fronts: Sequence[Panel] | None = None,
) -> tuple[ClaimResult, ...]:
    """Judge every claim on every setup there is; the setups of one claim stand together.

    What a caller has summarised already need not be summarised again: ``singles`` are the
    points of the study ``steps``, ``batches`` those of ``batch``, ``fronts`` the panels.
    """
    found = findings(
        data,
        step_points(data) if singles is None else singles,
        batch_points(data) if batches is None else batches,
        panels(data) if fronts is None else fronts,
    )
    return tuple(_result(claim, one) for claim in claims for one in found)


def _result(claim: Claim, found: Findings) -> ClaimResult:
    judged = _judge(claim, found)
    return ClaimResult(claim, found.setup, found.bundle_class, judged.outcome, judged.evidence)


def _judge(claim: Claim, found: Findings) -> Judgement:
    rule = RULES[claim.rule]
    reason = _off_topic(claim, found, quality=rule.quality)
    if reason:
        return Judgement(Outcome.NOT_COMPARABLE, reason)
    try:
        return rule.judge(found, claim.parameters)
    except UndecidedError as undecided:
        return undecided.judgement


def _off_topic(claim: Claim, found: Findings, *, quality: bool) -> str | None:
    """Say why these measurements are about something else than the claim, if they are."""
    setup = found.setup
    if found.bundle_class is BundleClass.DEMONSTRATION:
        return "a demonstration is no measurement: tiny models, a simulated GPU or none"
    if claim.scope not in (ANY, setup.hardware):
        return f"the claim is about {claim.scope}, this was measured on {setup.hardware}"
    if quality and (setup.weights == "random" or not found.scores_are_measured):
        return "scores of models with random weights are a demonstration"
    return None


def claims_table(results: Sequence[ClaimResult]) -> Table:
    """Make the table of claims: each with its verdict and evidence, for each setup."""
    tally = [f"{sum(one.outcome is each for one in results)} {each}" for each in Outcome]
    note = (
        f"Of {len(results)} verdicts: {', '.join(tally)}. What fails on the authors' own "
        "measurements is explained in artifact/DEVIATIONS.md."
    )
    return Table(
        name="claims",
        title="Claims of the paper",
        bundle_class=results[0].bundle_class.value,
        columns=(
            Column("id", "Claim"), Column("claim", "In words"), Column("verdict", "Verdict"),
            Column("evidence", "Evidence"), HARDWARE, CLASS, WEIGHTS, Column("size"), PROTOCOL,
            Column("about", "Shown in"), *machine("wording", "scope", "rule"),
        ),
        rows=tuple(
            (
                one.claim.id, one.claim.text, one.outcome.value, one.evidence,
                one.setup.hardware, one.bundle_class.value, one.setup.weights, one.setup.size,
                one.setup.protocol, one.claim.about, one.claim.wording, one.claim.scope,
                one.claim.rule,
            )
            for one in results
        ),
        notes=(note,),
        implied=("hardware", "weights"),
    )  # fmt: skip
