"""What is seen of a run while it goes on."""

import io

import pytest
from rich.console import Console

from repro.measuring.progress import Bar, describe_window
from repro.plan import PlannedWindow
from repro.records import Status
from tests.factories import START, make_window

PENDING = [
    PlannedWindow(study="quality", steps=200, batch_size=1, item=item, clips=1)
    for item in range(1800)
]


def entry(**changes):
    made = make_window(
        0, START, study="quality", steps=200, batch_size=1, repeat=1, item=0, clips=1,
        warmup=False, gpu=True, model="audioldm",
    )  # fmt: skip
    return made.model_copy(update={"row": made.row.model_copy(update=changes)})


def shown(width, model="stable-audio-open-sat"):
    """Return the last line a bar drew on a terminal of this width."""
    file = io.StringIO()
    console = Console(
        file=file, width=width, force_terminal=True, color_system=None, legacy_windows=False
    )
    bar = Bar(console)
    bar.begin(model, PENDING, 3820)
    bar.window(entry(duration_s=60.0, gpu_energy_j=18_000.0))
    bar.end()
    return [line for line in file.getvalue().split("\r") if model in line][-1].splitlines()[0]


def test_a_terminal_of_80_columns_keeps_model_bar_count_time_and_energy():
    line = shown(80)

    assert "stable-audio-open-sat ━" in line
    assert "2021/3820" in line
    assert "kWh left" in line
    assert "steps" not in line
    assert "…" not in line


def test_a_wider_terminal_has_as_much_of_the_window_as_fits():
    assert "quality, 200 st" in shown(110)
    assert "18000.0 J GPU" in shown(160)
    assert shown(110).endswith("…")


def test_joules_of_several_generations_say_of_how_many():
    several = {"generations": 4, "gpu_energy_j": 135.0, "duration_s": 12.0}

    assert describe_window(entry(**several).row).endswith(": 12.0 s, 135.0 J in 4 generations, GPU")
    assert "in 4 replays, GPU" in describe_window(
        entry(**several, study="stages", stage="decoding").row
    )
    assert "in" not in describe_window(entry(duration_s=12.0).row).partition(": ")[2]


@pytest.mark.parametrize("status", [Status.FAILED, Status.DISPUTED])
def test_a_row_that_is_not_good_says_so_beside_its_joules(status):
    told = describe_window(entry(status=status, detail="why").row)

    assert " J GPU, " in told
    assert told.endswith(f"{status} (why)")
