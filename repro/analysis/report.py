"""Everything a report holds, made in memory and then put into its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.claims import Outcome, claims_table, evaluate, shipped_claims
from repro.analysis.drawing.fig2 import fig2
from repro.analysis.drawing.figures import Absent, fig1a, fig1b
from repro.analysis.drawing.plot import draw
from repro.analysis.front.section import cost_section
from repro.analysis.lines import step_lines
from repro.analysis.page.page import page
from repro.analysis.page.sections import claims_section, sections_after
from repro.analysis.pareto.panels import panels
from repro.analysis.pareto.table import pareto_table
from repro.analysis.points import batch_points, step_points
from repro.analysis.protocols.comparison import treatments
from repro.analysis.protocols.view import protocols_chart, protocols_table
from repro.analysis.publication import publish
from repro.analysis.quality import unmatched_scores
from repro.analysis.reading.load import load
from repro.analysis.stages.figure import stages_figure
from repro.analysis.stages.shares import checks, splits
from repro.analysis.stages.tables import checks_table, stages_table
from repro.analysis.tables.energy import batch_table, steps_table
from repro.analysis.tables.formats import to_csv
from repro.analysis.tables.lines import lines_table
from repro.analysis.tables.report import ReportTables, table_files
from repro.analysis.tables.speed import table1
from repro.analysis.worth.tables import worst_table, worth_table
from repro.analysis.worth.trials import worths
from repro.errors import TtaError
from repro.protocol import parse_protocol, protocol_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from repro.analysis.claims import ClaimResult
    from repro.analysis.front.section import ClipCosts
    from repro.analysis.page.page import Drawn, Figure
    from repro.analysis.pareto.panels import Panel
    from repro.analysis.points import Point
    from repro.analysis.reading.dataset import DataSet
    from repro.bundle import Examination
    from repro.records import BundleClass

#: Every file a report can hold, as patterns. What a new report does not give is taken away, so
#: that no figure of an earlier one stands beside it; other files in the folder are left alone.
OWNED = (
    *(f"tables/{name}.{suffix}"
      for name in ("table1", "front", "cost") for suffix in ("csv", "md", "tex")),
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
    """What was written: the class, the files in order, what to tell the user, the verdicts."""

    bundle_class: BundleClass
    files: tuple[Path, ...]
    notices: tuple[str, ...]
    verdicts: tuple[ClaimResult, ...]

    @property
    def failing_claims(self) -> tuple[str, ...]:
        """The claims that fail somewhere, each once."""
        failing = (one.claim.id for one in self.verdicts if one.outcome is Outcome.FAILS)
        return tuple(dict.fromkeys(failing))

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.files[-1]


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
    made = _make(data)
    publish(made.files, out, owned=OWNED, command="report")
    return ReportSummary(
        bundle_class=data.bundle_class,
        files=tuple(out / name for name in made.files),
        notices=(*data.notices, *unmatched_scores(data), *made.absent),
        verdicts=made.verdicts,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """Every file by its name, which figures there are not and why, and the verdicts."""

    files: dict[str, bytes]
    absent: tuple[str, ...]
    verdicts: tuple[ClaimResult, ...]


def _make(data: DataSet) -> _Made:
    singles, batches, fronts = step_points(data), batch_points(data), panels(data)
    verdicts = evaluate(data, shipped_claims(), singles=singles, batches=batches, fronts=fronts)
    clip = cost_section(data, singles, fronts)
    tables = _tables(data, (singles, batches, fronts), verdicts, clip)
    charts = _charts(data, (singles, batches, fronts), tables)
    drawn = [{} if isinstance(chart, Absent) else draw(chart) for chart in charts]
    figures = [
        (chart, files.get("svg", b"").decode()) for chart, files in zip(charts, drawn, strict=True)
    ]
    files = {
        **table_files(tables.written),
        **_figure_files(charts, drawn),
        "index.html": _page(data, tables, clip, figures).encode(),
    }
    absent = [f"{one.name} not drawn: {one.reason}" for one in charts if isinstance(one, Absent)]
    return _Made(files, tuple(absent), verdicts)


_Points = tuple[Sequence["Point"], Sequence["Point"], Sequence["Panel"]]


def _tables(
    data: DataSet, points: _Points, verdicts: Sequence[ClaimResult], clip: ClipCosts | None
) -> ReportTables:
    singles, batches, fronts = points
    lines, parts = step_lines(data), splits(data)
    return ReportTables(
        clip=clip.table if clip else None,
        speeds=table1(data, singles, steps=_table1_steps()),
        steps=steps_table(data, singles),
        lines=lines_table(data, lines),
        batch=batch_table(data, batches),
        pareto=pareto_table(data, fronts),
        claims=claims_table(verdicts),
        worth=worth_table(data, worths(data, fronts)),
        worst=worst_table(data),
        stages=stages_table(data, parts),
        checked=checks_table(data, checks(parts, lines)),
        protocols=protocols_table(data, treatments(data)),
    )


def _charts(data: DataSet, points: _Points, tables: ReportTables) -> tuple[Figure, ...]:
    singles, batches, fronts = points
    return (
        fig1a(data, singles),
        fig1b(data, batches),
        *fig2(data, fronts),
        *stages_figure(data, splits(data), tables.stages),
        *filter(None, [protocols_chart(data, treatments(data))]),
    )


def _page(
    data: DataSet, tables: ReportTables, clip: ClipCosts | None, figures: Sequence[Drawn]
) -> str:
    first = [*([clip.section] if clip else []), claims_section(tables.claims)]
    return page(data, figures, tables.points, first=first, then=sections_after(tables))


def _table1_steps() -> int:
    """Return the steps that the paper's Table 1 is at: those its batch study is at as well."""
    batch = parse_protocol(protocol_text("paper")).studies.batch
    if batch is None:
        raise TtaError("protocol paper: expected a batch study, found none")
    return batch.steps


def _figure_files(
    charts: Sequence[Figure], drawn: Sequence[Mapping[str, bytes]]
) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for chart, files in zip(charts, drawn, strict=True):
        if not isinstance(chart, Absent):
            made |= {f"figures/{chart.name}.{suffix}": data for suffix, data in files.items()}
            made[f"figures/{chart.name}.csv"] = to_csv(chart.table)
    return made
