"""A report in a few lines, for the terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from repro.analysis.claims import Outcome
from repro.analysis.text import one_and_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from repro.analysis.claims import ClaimResult
    from repro.analysis.report import ReportSummary

_WORDS = {
    Outcome.HOLDS: ("holds", "hold"),
    Outcome.FAILS: ("fails", "fail"),
    Outcome.INSUFFICIENT: ("insufficient", "insufficient"),
    Outcome.NOT_COMPARABLE: ("not comparable", "not comparable"),
}


def summary_lines(summary: ReportSummary) -> Iterable[str]:
    """Yield class, verdicts, what was left out, and what to open."""
    yield f"class: {summary.bundle_class}"
    yield f"claims: {_verdicts(summary.verdicts, summary.failing_claims)}"
    yield from (f"note: {notice}" for notice in summary.notices)
    yield f"open {summary.page}"


def _verdicts(verdicts: Sequence[ClaimResult], failing: Sequence[str]) -> str:
    counts = Counter(one.outcome for one in verdicts)
    told = [_told(outcome, counts[outcome], failing) for outcome in Outcome if counts[outcome]]
    reason = one_and_all(one.evidence for one in verdicts)
    return ", ".join(told) + (f" ({reason})" if reason and len(told) == 1 else "")


def _told(outcome: Outcome, count: int, failing: Sequence[str]) -> str:
    ids = f" ({', '.join(failing)})" if outcome is Outcome.FAILS else ""
    return f"{count} {_WORDS[outcome][count > 1]}{ids}"
