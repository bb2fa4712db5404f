"""A comparison as one JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.analysis.compare.comparison import rule
from repro.analysis.compare.need import need_of, need_overall
from repro.analysis.compare.tables import lines_table, results_table
from repro.analysis.equivalence import ALPHA, together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repro.analysis.compare.comparison import Comparison
    from repro.analysis.compare.need import Need
    from repro.analysis.compare.sides import Side
    from repro.analysis.tables.table import Table


def document(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Make the document: the answers first, then every number behind them."""
    reference = comparisons[0].reference
    return {
        "answer": together(one.answer for one in comparisons).value,
        "margin": comparisons[0].margin,
        "alpha": ALPHA,
        "class": reference.data.bundle_class.value,
        "reference": _side(reference),
        "comparisons": [_comparison(one) for one in comparisons],
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "other": _side(one.other),
        "answer": one.answer.value,
        "rule": rule(one),
        "models": {model.label: model.answer.value for model in one.models},
        "needs": _needs(one),
        "differs": one.loud,
        "notes": list(one.notes),
        "results": _records(results_table([one])),
        "lines": _records(lines_table([one])),
    }


def _needs(one: Comparison) -> dict[str, Any]:
    """Give energy and time over those of the reference, of all models together and of each."""
    if not one.models:
        return {}
    models = {model.label: _need(need_of(model)) for model in one.models}
    return {"overall": _need(need_overall(one)), "models": models}


def _need(need: Need) -> dict[str, Any]:
    return {
        "energy_ratio": need.energy.value,
        "low_95": need.energy.low,
        "high_95": need.energy.high,
        "time_ratio": need.time,
        "quantity": f"{need.quantity} energy",
    }


def _records(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.names, row, strict=True)) for row in table.rows]


def _side(side: Side) -> dict[str, Any]:
    return {
        "label": side.label,
        "hardware": side.hardware,
        "bundles": [
            {"bundle": one.bundle, "sha256": one.sha256, "verdict": one.verdict.value,
             "signer": one.signer, "imported": one.imported}
            for one in side.data.sources
        ],
    }  # fmt: skip
