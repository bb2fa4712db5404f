"""Everything a comparison writes, made in memory and then put into its folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.analysis.compare.boards import boards_first
from repro.analysis.compare.comparison import compare
from repro.analysis.compare.drawing import draw
from repro.analysis.compare.figure import grid
from repro.analysis.compare.page import page
from repro.analysis.compare.sides import read_sides
from repro.analysis.compare.tables import lines_table, results_table
from repro.analysis.compare.view import lines_view, results_view, to_markdown
from repro.analysis.publication import publish
from repro.analysis.tables.formats import to_csv

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from repro.analysis.compare.comparison import Comparison
    from repro.analysis.compare.figure import Grid
    from repro.bundle import Examination

#: What a new comparison does not give is taken away; a report in the same folder is left alone.
OWNED = ("tables/compare.*", "tables/compare_lines.*", "figures/compare.*", "figures/compare_*.*",
         "compare.html")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """The comparisons that were made, and the files they were written to, in order."""

    comparisons: tuple[Comparison, ...]
    files: tuple[Path, ...]

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.files[-1]


def write_comparison(
    sets: Mapping[str, Iterable[Examination]],
    out: Path,
    *,
    margin: float,
    reference: str | None = None,
    require_trusted: bool = False,
) -> Written:
    """Compare the sets of bundles and write tables, figures and the page.

    Nothing is written before everything is made.

    Raises:
        BundleError: a bundle is invalid, not trusted where that is required, or not readable.
        UsageError: the bundles do not make comparable sides, or ``out`` is no folder.
        TtaError: the folder cannot be written.

    """
    sides = read_sides(sets, reference=reference, require_trusted=require_trusted)
    comparisons = compare(sides, margin=margin)
    made = _make(comparisons)
    publish(made, out, owned=OWNED, command="compare")
    return Written(comparisons, tuple(out / name for name in made))


def _make(comparisons: Sequence[Comparison]) -> dict[str, bytes]:
    results, lines = results_table(comparisons), lines_table(comparisons)
    grids = [grid(one, name=_name(place)) for place, one in enumerate(comparisons)]
    drawn = [draw(one) if one.panels else {} for one in grids]
    made = {
        "tables/compare.csv": to_csv(results),
        "tables/compare.md": _markdown(comparisons),
        "tables/compare_lines.csv": to_csv(lines),
    }
    for one, files in zip(grids, drawn, strict=True):
        made |= _figure_files(one, files)
    svgs = [files.get("svg", b"").decode() for files in drawn]
    made["compare.html"] = page(comparisons, list(zip(grids, svgs, strict=True))).encode()
    return made


def _name(place: int) -> str:
    return "compare" if not place else f"compare_{place + 1}"


def _figure_files(one: Grid, files: Mapping[str, bytes]) -> dict[str, bytes]:
    if not files:
        return {}
    made = {f"figures/{one.name}.{suffix}": data for suffix, data in files.items()}
    return {**made, f"figures/{one.name}.csv": to_csv(one.table)}


def _markdown(comparisons: Sequence[Comparison]) -> bytes:
    tables = [
        to_markdown(view, one.reference.data.bundle_class.value)
        for one in comparisons
        for view in (*boards_first(one), results_view(one), lines_view(one))
    ]
    return "\n".join(tables).encode()
