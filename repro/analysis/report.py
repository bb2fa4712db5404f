"""Everything a report holds, made in memory and then put into its folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.claims import Outcome, claims_table, evaluate, shipped_claims
from repro.analysis.energy_tables import batch_table, steps_table
from repro.analysis.fig2 import fig2
from repro.analysis.figures import Absent, fig1a, fig1b
from repro.analysis.formats import to_csv, to_html, to_latex, to_markdown
from repro.analysis.lines import step_lines
from repro.analysis.lines_table import lines_table
from repro.analysis.load import load
from repro.analysis.page import Section, files_of, folded, page
from repro.analysis.panels import panels
from repro.analysis.pareto_table import pareto_table
from repro.analysis.plot import draw
from repro.analysis.points import batch_points, step_points
from repro.analysis.protocol_view import protocols_chart, protocols_table
from repro.analysis.protocols import treatments
from repro.analysis.publication import publish
from repro.analysis.quality import unmatched_scores
from repro.analysis.speed_table import table1
from repro.analysis.stages import checks, splits
from repro.analysis.stages_figure import stages_figure
from repro.analysis.stages_tables import checks_table, stages_table
from repro.analysis.worth import worths
from repro.analysis.worth_tables import worst_table, worth_table
from repro.errors import TtaError
from repro.protocol import parse_protocol, protocol_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from repro.analysis.dataset import DataSet
    from repro.analysis.fig2 import Scatter
    from repro.analysis.figures import Chart
    from repro.analysis.stages_figure import Bars
    from repro.analysis.tables import Table
    from repro.bundle import Examination
    from repro.records import BundleClass

#: Every file a report can hold, as patterns. What a new report does not give is taken away, so
#: that no figure of an earlier one stands beside it; other files in the folder are left alone.
OWNED = (
    "tables/table1.csv", "tables/table1.md", "tables/table1.tex",
    "tables/steps.csv", "tables/batch.csv", "tables/lines.csv", "tables/pareto.csv",
    "tables/claims.csv", "tables/worth.csv", "tables/worst_clips.csv", "tables/protocols.csv",
    "tables/stages.csv", "tables/stages_check.csv",
    *(f"figures/{name}.{suffix}"
      for name in ("fig1a", "fig1b", "fig2_*_fad", "fig2_*_clap", "stages", "protocols")
      for suffix in ("csv", "pdf", "png", "svg")),
    "index.html",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What was written: the class of the report, its files in order, and what to tell the user."""

    bundle_class: BundleClass
    files: tuple[Path, ...]
    notices: tuple[str, ...]
    failing_claims: tuple[str, ...]


def write_report(
    examinations: Iterable[Examination], out: Path, *, require_trusted: bool = False
) -> ReportSummary:
    """Write tables, figures and the page for the bundles that were examined.

    Nothing is written before everything is made. An iterator is read one bundle at a time.

    Raises:
        BundleError: a bundle is invalid, not trusted where that is required, or not readable.
        UsageError: the bundles do not belong into one report, or ``out`` is no folder.
        TtaError: the folder cannot be written.

    """
    data = load(examinations, require_trusted=require_trusted)
    made, absent, failing = _make(data)
    publish(made, out, owned=OWNED, command="report")
    return ReportSummary(
        bundle_class=data.bundle_class,
        files=tuple(out / name for name in made),
        notices=(*data.notices, *unmatched_scores(data), *absent),
        failing_claims=failing,
    )


def _make(data: DataSet) -> tuple[dict[str, bytes], list[str], tuple[str, ...]]:
    """Return every file by its name, which figures there are not and why, which claims fail."""
    singles, batches, fronts = step_points(data), batch_points(data), panels(data)
    speeds = table1(data, singles, steps=_table1_steps())
    verdicts = evaluate(data, shipped_claims(), singles=singles, batches=batches, fronts=fronts)
    claims = claims_table(verdicts)
    lines, parts = step_lines(data), splits(data)
    stages, checked = stages_table(data, parts), checks_table(data, checks(parts, lines))
    others = (
        steps_table(data, singles),
        lines_table(data, lines),
        batch_table(data, batches),
        pareto_table(data, fronts),
    )
    worth, worst = worth_table(data, worths(data, fronts)), worst_table(data)
    ways = treatments(data)
    side_by_side = protocols_table(data, ways)
    charts = (
        fig1a(data, singles),
        fig1b(data, batches),
        *fig2(data, fronts),
        *stages_figure(data, parts, stages),
        *filter(None, [protocols_chart(data, ways)]),
    )
    drawn = [{} if isinstance(chart, Absent) else draw(chart) for chart in charts]
    svgs = [files.get("svg", b"").decode() for files in drawn]
    made = {
        "tables/table1.csv": to_csv(speeds),
        "tables/table1.md": to_markdown(speeds),
        "tables/table1.tex": to_latex(speeds),
        **{f"tables/{table.name}.csv": to_csv(table) for table in others},
        **{
            f"tables/{table.name}.csv": to_csv(table)
            for table in (claims, worth, worst, stages, checked, side_by_side)
        },
        **_figure_files(charts, drawn),
        "index.html": page(
            data,
            list(zip(charts, svgs, strict=True)),
            speeds,
            others,
            first=[Section("Claims of the paper", [to_html(claims)])],
            then=[
                Section("Stages of a generation", [*_shown(stages), *_folded(checked)]),
                Section("Are more steps worth it?", [*_shown(worth), *_folded(worst)]),
                Section(side_by_side.title, _shown(side_by_side)),
            ],
        ).encode(),
    }
    absent = [f"{one.name} not drawn: {one.reason}" for one in charts if isinstance(one, Absent)]
    failing = tuple(dict.fromkeys(one.claim.id for one in verdicts if one.outcome is Outcome.FAILS))
    return made, absent, failing


def _shown(table: Table) -> list[str]:
    return [to_html(table), files_of(f"tables/{table.name}", "csv")] if table.rows else []


def _folded(table: Table) -> list[str]:
    return [folded(table)] if table.rows else []


def _table1_steps() -> int:
    """Return the steps that the paper's Table 1 is at: those its batch study is at as well."""
    batch = parse_protocol(protocol_text("paper")).studies.batch
    if batch is None:
        raise TtaError("protocol paper: expected a batch study, found none")
    return batch.steps


def _figure_files(
    charts: Sequence[Chart | Scatter | Bars | Absent], drawn: Sequence[Mapping[str, bytes]]
) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for chart, files in zip(charts, drawn, strict=True):
        if not isinstance(chart, Absent):
            made |= {f"figures/{chart.name}.{suffix}": data for suffix, data in files.items()}
            made[f"figures/{chart.name}.csv"] = to_csv(chart.table)
    return made
