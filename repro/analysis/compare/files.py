"""Everything a comparison writes, made in memory and then put into its folder."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repro.analysis.compare.comparison import compare
from repro.analysis.compare.drawing import draw
from repro.analysis.compare.figure import grid
from repro.analysis.compare.page import page
from repro.analysis.compare.sides import read_sides
from repro.analysis.compare.tables import lines_table, results_table
from repro.analysis.compare.view import lines_view, results_view, to_markdown
from repro.analysis.formats import to_csv
from repro.errors import TtaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    _publish(made, out)
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
        for view in (results_view(one), lines_view(one))
    ]
    return "\n".join(tables).encode()


def _publish(made: Mapping[str, bytes], out: Path) -> None:
    """Put the files into the folder whole, the page last; a page never stands half written."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out: expected a folder, found a file at {out}; name another")
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Beside its place and not in /tmp: only inside one file system is a move atomic.
        desk = Path(tempfile.mkdtemp(prefix=".compare-", dir=out))
        try:
            _move(_lay_out(made, desk), out)
        finally:
            shutil.rmtree(desk, ignore_errors=True)
    except OSError as error:
        raise TtaError(
            f"compare: cannot write to {out}: {error.strerror}; free it or name another --out"
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
    old = {path for pattern in OWNED for path in out.glob(pattern)}
    for path in old - {out / name for name in laid}:
        path.unlink()
    for name, path in laid.items():
        (out / name).parent.mkdir(exist_ok=True)
        path.replace(out / name)
