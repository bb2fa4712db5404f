"""Columns of tables: a name for machines, and how people are shown what stands under it.

Columns of several tables stand here, those of one beside it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column; one without a heading is for machines.

    ``places`` after the point are given where a number is a share, known to so many whatever stands
    before. With ``powers`` all numbers show their power of ten in HTML: energies of one column lie
    decades apart. ``if_filled`` columns are shown where some cell is neither empty nor zero,
    ``if_varying`` ones where they tell two rows of a model apart, and one ``instead_of`` another
    where the other is empty.
    """

    name: str
    heading: str | None = None
    places: int | None = None
    powers: bool = False
    if_filled: bool = False
    if_varying: bool = False
    instead_of: str | None = None


def machine(*names: str) -> tuple[Column, ...]:
    """Return columns that people are not shown."""
    return tuple(Column(name) for name in names)


def energy_kwh(name: str, heading: str, *, instead_of: str | None = None) -> Column:
    """Return a column of kilowatt-hours: one that no row holds is a column of nothing."""
    return Column(name, heading, powers=True, if_filled=True, instead_of=instead_of)


MODEL = Column("model", "Model")
SERIES = Column("series", "Series")
DATASET = Column("dataset", "Data set")
METRIC = Column("metric", "Metric")
STEPS = Column("steps", "Steps")
EXECUTED = Column("executed_steps", "Executed")
BATCH_SIZE = Column("batch_size", "Batch size")
SAMPLES = Column("samples", "Samples")
CLIPS = Column("clips", "Clips")
N = Column("n", "n")
DURATION = Column("duration_s_mean", "Duration (s)")
CLIP_WH = Column("clip_energy_wh", "Wh per clip")
CLIP_J = Column("clip_energy_j", "J per clip")
CLIP_S = Column("clip_duration_s", "s per clip")
QUANTITY = Column("quantity", "Quantity")
RATIO = Column("ratio", "Ratio", places=3)
ANSWER = Column("answer", "Answer")
HARDWARE = Column("hardware", "Hardware")
CHECKPOINT = Column("checkpoint", "Checkpoint")
WEIGHTS = Column("weights", "Weights")
PROTOCOL = Column("protocol", "Protocol", if_varying=True)
CLASS = Column("class", "Class")
INCOMPLETE = Column("incomplete", "Incomplete", if_filled=True)

#: What makes a series, under which ``cells.series_cells`` stand.
OF_SERIES = (CHECKPOINT, WEIGHTS, Column("size"), PROTOCOL, *machine("dtype", "conditions"))
#: What did not count, under which ``cells.count_cells`` stand; what did is ``n``.
OF_COUNTS = (
    Column("ok"),
    Column("oom", "Out of memory", if_filled=True),
    Column("unsupported", "Unsupported", if_filled=True),
    Column("failed", "Failed", if_filled=True),
    Column("disputed", "Disputed", if_filled=True),
    Column("warmups"),
    Column("disturbed", "Disturbed", if_filled=True),
)
