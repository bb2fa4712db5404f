"""Everything a report holds, made in memory and then put into its folder."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.analysis.figures import Absent, Chart, fig1a, fig1b
from repro.analysis.formats import to_csv, to_latex, to_markdown
from repro.analysis.load import load
from repro.analysis.page import page
from repro.analysis.plot import draw
from repro.analysis.points import batch_points, step_points
from repro.analysis.tables import batch_table, steps_table, table1
from repro.errors import TtaError, UsageError
from repro.protocol import parse_protocol, protocol_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from repro.bundle import Examination
    from repro.records import BundleClass

#: Every file a report can hold. What a new report does not give is taken away, so that no
#: figure of an earlier one stands beside it; other files in the folder are left alone.
OWNED = (
    "tables/table1.csv", "tables/table1.md", "tables/table1.tex",
    "tables/steps.csv", "tables/batch.csv",
    *(f"figures/{name}.{suffix}" for name in ("fig1a", "fig1b")
      for suffix in ("csv", "pdf", "png", "svg")),
    "index.html",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What was written: the class of the report, its files in order, and what to tell the user."""

    bundle_class: BundleClass
    files: tuple[Path, ...]
    notices: tuple[str, ...]


def find_bundles(paths: Iterable[Path]) -> list[Path]:
    """Return the bundles that are named, and those in the folders that are named.

    Raises:
        UsageError: a folder holds none.

    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.zip")) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"report: expected bundles (*.zip) in {path}, found none")
        found += inside
    return found


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
    step_list, batch_list = step_points(data), batch_points(data)
    speeds = table1(data, step_list, steps=_table1_steps())
    others = (steps_table(data, step_list), batch_table(data, batch_list))
    charts = (fig1a(data, step_list), fig1b(data, batch_list))
    drawn = [draw(chart) if isinstance(chart, Chart) else {} for chart in charts]
    svgs = [files.get("svg", b"").decode() for files in drawn]
    made = {
        "tables/table1.csv": to_csv(speeds),
        "tables/table1.md": to_markdown(speeds),
        "tables/table1.tex": to_latex(speeds),
        **{f"tables/{table.name}.csv": to_csv(table) for table in others},
        **_figure_files(charts, drawn),
        "index.html": page(data, list(zip(charts, svgs, strict=True)), speeds, others).encode(),
    }
    _publish(made, out)
    absent = [f"{one.name} not drawn: {one.reason}" for one in charts if isinstance(one, Absent)]
    return ReportSummary(
        bundle_class=data.bundle_class,
        files=tuple(out / name for name in made),
        notices=(*data.notices, *absent),
    )


def _table1_steps() -> int:
    """Return the steps that the paper's Table 1 is at: those its batch study is at as well."""
    batch = parse_protocol(protocol_text("paper")).studies.batch
    if batch is None:
        raise TtaError("protocol paper: expected a batch study, found none")
    return batch.steps


def _figure_files(
    charts: Sequence[Chart | Absent], drawn: Sequence[Mapping[str, bytes]]
) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for chart, files in zip(charts, drawn, strict=True):
        if isinstance(chart, Chart):
            made |= {f"figures/{chart.name}.{suffix}": data for suffix, data in files.items()}
            made[f"figures/{chart.name}.csv"] = to_csv(chart.table)
    return made


def _publish(made: Mapping[str, bytes], out: Path) -> None:
    """Put the files into the folder whole, the page last; a page never stands half written."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out: expected a folder, found a file at {out}; name another")
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Beside its place and not in /tmp: only inside one file system is a move atomic.
        desk = Path(tempfile.mkdtemp(prefix=".report-", dir=out))
        try:
            _move(_lay_out(made, desk), out)
        finally:
            shutil.rmtree(desk, ignore_errors=True)
    except OSError as error:
        raise TtaError(
            f"report: cannot write to {out}: {error.strerror}; free it or name another --out"
        ) from error


def _lay_out(made: Mapping[str, bytes], desk: Path) -> dict[str, Path]:
    laid = {}
    for name, data in made.items():
        path = desk / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        laid[name] = path
    return laid


def _move(laid: Mapping[str, Path], out: Path) -> None:
    for name in OWNED:
        if name not in laid:
            (out / name).unlink(missing_ok=True)
    for name, path in laid.items():
        (out / name).parent.mkdir(exist_ok=True)
        path.replace(out / name)
