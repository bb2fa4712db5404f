"""What a command that measures prints last."""

import pytest

from repro.measuring.campaign import Outcome
from repro.measuring.costs import clip_costs
from repro.measuring.summary import describe, print_summary
from tests.factories import make_gpu, make_run


@pytest.fixture
def run():
    return make_run(gpu=make_gpu())


def changed(run, number, **changes):
    entry = run.entries[number]
    entry = entry.model_copy(update={"row": entry.row.model_copy(update=changes)})
    entries = (*run.entries[:number], entry, *run.entries[number + 1 :])
    return run.model_copy(update={"entries": entries})


def outcome(path, costs=()):
    return Outcome(model="audioldm", bundle=path, verdict="TRUSTED", bundle_class="measured",
                   counts={"ok": 3}, costs=costs)  # fmt: skip


def test_a_clip_is_the_mean_of_the_single_generations_that_count(run):
    rows = [entry.row for entry in run.entries if entry.row.batch_size == 1]
    counting = [row for row in rows if not row.warmup and row.steps == rows[0].steps]
    (first, *_) = clip_costs(run)

    assert len(counting) > 1
    assert first.steps == rows[0].steps
    assert first.energy_j == pytest.approx(
        sum(row.gpu_energy_j / row.clips for row in counting) / len(counting)
    )
    assert first.part == "GPU"


def test_windows_that_failed_and_stages_alone_are_no_clips(run):
    number = next(n for n, entry in enumerate(run.entries)
                  if entry.row.batch_size == 1 and not entry.row.warmup)  # fmt: skip
    whole = clip_costs(run)[0].energy_j
    huge = {"gpu_energy_j": 1e6}

    assert clip_costs(changed(run, number, **huge))[0].energy_j != pytest.approx(whole)
    for other in ({"status": "failed"}, {"status": "disputed"}, {"stage": "denoising"}):
        left = clip_costs(changed(run, number, **huge, **other))[0].energy_j
        assert left == pytest.approx(whole, rel=0.05)


def test_several_generations_of_a_window_are_several_clips(run):
    number = next(n for n, entry in enumerate(run.entries)
                  if entry.row.batch_size == 1 and not entry.row.warmup)  # fmt: skip
    row = run.entries[number].row
    tenfold = {"gpu_energy_j": 10 * row.gpu_energy_j, "duration_s": 10 * row.duration_s}
    more = changed(run, number, clips=10 * row.clips, generations=10, **tenfold)

    assert clip_costs(more) == clip_costs(run)


def test_the_fewest_and_the_most_steps_are_shown(run, tmp_path, capsys):
    costs = clip_costs(run)
    print_summary([outcome(tmp_path / "a.zip", costs)], tmp_path)
    shown = capsys.readouterr().out

    assert f"{costs[0].steps} steps: " in describe(costs[0])
    assert describe(costs[0]).split(",")[0] in shown
    assert f"{costs[-1].steps} steps:" in shown


def test_the_next_command_names_the_folder_where_nothing_else_lies_in_it(tmp_path, capsys):
    (tmp_path / "a.zip").touch()
    print_summary([outcome(tmp_path / "a.zip")], tmp_path)
    assert f"next: tta-energy report {tmp_path} --out {tmp_path}/report" in capsys.readouterr().out

    (tmp_path / "b.zip").touch()
    print_summary([outcome(tmp_path / "a.zip")], tmp_path)
    assert f"next: tta-energy report {tmp_path}/a.zip --out" in capsys.readouterr().out


def test_on_80_columns_neither_a_name_nor_what_a_clip_takes_is_broken(
    run, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "80")
    one = outcome(tmp_path / "a.zip", clip_costs(run)).model_copy(
        update={"model": "stable-audio-open-sat", "counts": {"ok": 26, "unsupported": 2},
                "verdict": "INTEGRITY_ONLY"},
    )  # fmt: skip
    print_summary([one], tmp_path)
    shown = capsys.readouterr().out

    assert "stable-audio-open-sat" in shown
    assert describe(one.costs[0]) in shown
    assert "INTEGRITY_ONLY" in shown
    assert "\nclass: measured\n" in shown
