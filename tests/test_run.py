"""Whole runs of a fake model through the real command line, worker, meter, journal and bundle."""

import json
import random
import signal
import subprocess
import time
import zipfile

import pytest

from tests.fakes import (
    ROOT,
    command,
    environment,
    fake_run,
    journal_of,
    rows_of,
    tta,
    write_model,
)

SLEEP_S = 0.05


@pytest.fixture
def models_dir(tmp_path):
    return write_model(tmp_path / "models", sleep_s=SLEEP_S)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def bundle_rows(out):
    (path,) = out.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        return archive.read("data/measurements.csv").decode().splitlines()


def points(rows):
    return [
        (row["study"], row["steps"], row["batch_size"], row["repeat"], row["item"])
        for row in rows
        if not row["warmup"]
    ]


def test_windows_come_in_the_order_of_the_protocol_with_a_warm_up_before_each_setting(
    models_dir, out
):
    done = tta(
        *fake_run(
            models_dir, out, "--study", "steps", "--study", "batch",
            "--steps", "3,2", "--batch-sizes", "4", "--repeats", "2",
        )
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    order = [
        (row["study"], row["steps"], row["repeat"], row["item"], row["clips"], row["warmup"])
        for row in rows_of(out)
    ]
    assert order == [
        ("steps", 3, 1, 0, 1, True), ("steps", 3, 1, 0, 1, False), ("steps", 3, 2, 0, 1, False),
        ("steps", 2, 1, 0, 1, True), ("steps", 2, 1, 0, 1, False), ("steps", 2, 2, 0, 1, False),
        ("batch", 100, 1, 0, 4, True),
        ("batch", 100, 1, 0, 4, False), ("batch", 100, 1, 4, 4, False),
        ("batch", 100, 1, 8, 2, False),
        ("batch", 100, 2, 0, 4, False), ("batch", 100, 2, 4, 4, False),
        ("batch", 100, 2, 8, 2, False),
    ]  # fmt: skip


def test_seeds_follow_the_items_and_are_the_same_in_every_repeat(models_dir, out):
    tta(*fake_run(models_dir, out, "--study", "batch", "--batch-sizes", "5", "--repeats", "2"))

    clips = [clip for record in journal_of(out) if record["kind"] == "window"
             for clip in record["window"]["audio"]]  # fmt: skip
    assert [clip["seed"] for clip in clips] == [*range(10), *range(10)]
    assert len({clip["sha256"] for clip in clips[:10]}) == 10
    assert [clip["sha256"] for clip in clips[:10]] == [clip["sha256"] for clip in clips[10:]]


def test_every_row_has_both_gpu_readings_and_what_was_executed(models_dir, out):
    tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "4", "--repeats", "2"))

    rows = rows_of(out)
    assert len(rows) == 3
    for row in rows:
        assert row["status"] == "ok"
        assert row["executed_steps"] == 4
        assert row["executed_steps_source"] == "counted"
        assert row["gpu_meter"] == "codecarbon"
        assert row["gpu_energy_j"] == row["gpu_energy_codecarbon_j"] > 0
        assert row["gpu_energy_counter_j"] > 0
        assert row["uncertainty_j"] > 0
        assert row["cpu_source"] in ("modelled", "measured")
        assert row["duration_s"] >= SLEEP_S


def test_on_a_cpu_the_cpu_energy_is_read_and_tagged_and_the_gpu_columns_stay_empty(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "4", "--repeats", "1")
    arguments[arguments.index("simulated")] = "cpu"
    done = tta(*arguments)

    assert done.returncode == 0, done.stderr
    rows = rows_of(out)
    assert len(rows) == 2
    for row in rows:
        assert row["gpu_energy_j"] is None
        assert row["gpu_meter"] is None
        assert row["cpu_energy_j"] > 0
        assert row["cpu_source"] in ("modelled", "measured")


def test_what_happens_to_a_worker_is_a_status_and_the_run_goes_on(models_dir, out):
    done = tta(
        *fake_run(
            models_dir, out, "--study", "steps", "--steps", "13,14,15,16,17,2",
            "--repeats", "1", "--window-timeout", "1",
        )
    )  # fmt: skip

    assert done.returncode == 3
    rows = [row for row in rows_of(out) if not row["warmup"]]
    assert [(row["steps"], row["status"]) for row in rows] == [
        (13, "failed"), (14, "failed"), (15, "oom"), (16, "failed"), (17, "unsupported"), (2, "ok"),
    ]  # fmt: skip
    assert "SIGSEGV" in rows[0]["detail"]
    assert "no answer within 1 s" in rows[1]["detail"]
    assert rows[4]["detail"] == "seventeen steps are too many"
    assert "3 failed" in done.stdout
    assert "INTEGRITY_ONLY" in done.stdout


def test_rows_out_of_memory_or_unsupported_alone_are_good(models_dir, out):
    done = tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "15,17", "--repeats", "1"))

    assert done.returncode == 0, done.stderr
    rows = [row for row in rows_of(out) if not row["warmup"]]
    assert [row["status"] for row in rows] == ["oom", "unsupported"]


@pytest.mark.parametrize(
    ("on_load", "status", "code"),
    [
        ("raise MemoryError('out of memory')", "oom", 0),
        ("os.kill(os.getpid(), signal.SIGKILL)", "failed", 3),
    ],
)
def test_a_model_that_dies_while_loading_leaves_its_status_in_every_row(
    tmp_path, out, on_load, status, code
):
    models_dir = write_model(tmp_path / "models", on_load=on_load)
    done = tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "2,3", "--repeats", "1"))

    assert done.returncode == code, done.stderr
    assert [row["status"] for row in rows_of(out)] == [status] * 2
    assert "the model did not load" in rows_of(out)[0]["detail"]


def test_a_model_that_says_why_it_cannot_load_is_an_error_and_nothing_is_recorded(tmp_path, out):
    models_dir = write_model(
        tmp_path / "models", on_load="raise ValueError('weights: found none in X')"
    )
    done = tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "2"))

    assert done.returncode == 1
    assert "weights: found none in X" in done.stderr
    assert not list(out.glob("*/journal.jsonl"))


def test_a_model_that_dies_later_for_good_does_not_stop_the_run(tmp_path, out):
    once = tmp_path / "loaded"
    models_dir = write_model(
        tmp_path / "models",
        sleep_s=SLEEP_S,
        on_load=f"os.path.exists({str(once)!r}) and os._exit(7) or open({str(once)!r}, 'w')",
    )
    done = tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "2,13,3,4,5",
                         "--repeats", "1"))  # fmt: skip

    assert done.returncode == 3, done.stderr
    rows = [row for row in rows_of(out) if not row["warmup"]]
    assert [row["status"] for row in rows] == ["ok", "failed", "failed", "failed", "failed"]
    assert "exit code 7" in rows[2]["detail"]
    assert "not attempted" in rows[4]["detail"]


def test_a_finished_run_measures_nothing_again_and_is_good(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "2")
    tta(*arguments)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    again = tta(*arguments)

    assert again.returncode == 0
    assert "nothing is measured again" in again.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_restart_keeps_the_earlier_run_and_measures_anew(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1")
    tta(*arguments)
    (first,) = out.glob("*.zip")
    content = first.read_bytes()
    done = tta(*arguments, "--restart")

    assert done.returncode == 0, done.stderr
    (second,) = out.glob("*.zip")
    assert second.name != first.name
    (kept,) = (out / "superseded").glob("*.zip")
    assert kept.read_bytes() == content


def damage(journal, line):
    lines = journal.read_text().splitlines(keepends=True)
    lines[line] = lines[line].replace('"kind"', '"sort"')
    journal.write_text("".join(lines))


@pytest.mark.parametrize("line", [0, 2])
def test_a_damaged_journal_is_left_alone_until_a_restart_sets_it_aside(models_dir, out, line):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1")
    tta(*arguments)
    (journal,) = out.glob("*/journal.jsonl")
    damage(journal, line)
    content = journal.read_bytes()
    refused = tta(*arguments)

    assert refused.returncode == 1
    assert f"journal: {journal}: line {line + 1} is damaged" in refused.stderr
    assert "--restart sets it aside" in refused.stderr
    assert journal.read_bytes() == content
    done = tta(*arguments, "--restart")
    assert done.returncode == 0, done.stderr
    (kept,) = (out / "superseded").glob("*/journal.jsonl")
    assert kept.read_bytes() == content


def test_a_damaged_journal_of_another_request_stands_in_nobodys_way(models_dir, out):
    tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1"))
    (journal,) = out.glob("*/journal.jsonl")
    damage(journal, 2)
    done = tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "3", "--repeats", "1"))

    assert done.returncode == 0, done.stderr
    assert len(list(out.glob("*.zip"))) == 2


def test_another_request_in_the_same_folder_is_another_run(models_dir, out):
    tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1"))
    tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "3", "--repeats", "1"))

    assert len(list(out.glob("*.zip"))) == 2


def window_count(out):
    journals = list(out.glob("*/journal.jsonl"))
    return journals[0].read_bytes().count(b'"kind": "window"') if journals else 0


def wait_for_windows(out, process, windows):
    while window_count(out) < windows and process.poll() is None:
        time.sleep(0.005)


def interrupt(arguments, out, number, windows):
    """Start a run, send it a signal once it has so many windows, and return its end."""
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(),
    )  # fmt: skip
    wait_for_windows(out, process, windows)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_with_130_and_it_can_be_resumed(models_dir, out, number):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2,3", "--repeats", "4")
    code, stderr = interrupt(arguments, out, number, windows=3)

    assert code == 130
    assert f"interrupted by {number.name}" in stderr
    assert "Traceback" not in stderr
    assert not list(out.glob("*.zip"))
    done = tta(*arguments)
    assert done.returncode == 0, done.stderr
    assert sorted(points(rows_of(out))) == sorted(set(points(rows_of(out))))
    assert len(points(rows_of(out))) == 8


def test_a_run_killed_at_random_moments_resumes_to_the_same_points(models_dir, out, tmp_path):
    grid = ["--study", "steps", "--study", "batch", "--steps", "2,3,4", "--batch-sizes", "2,5",
            "--repeats", "3"]  # fmt: skip
    whole = tmp_path / "whole"
    assert tta(*fake_run(models_dir, whole, *grid)).returncode == 0
    arguments = fake_run(models_dir, out, *grid)
    chance = random.Random(20250507)  # noqa: S311 - moments, not secrets
    for _ in range(12):
        process = subprocess.Popen(
            command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment(), start_new_session=True,
        )  # fmt: skip
        # Some die while they start, most at some point of a window, its save or its record.
        wait_for_windows(out, process, window_count(out) + chance.randint(0, 3))
        time.sleep(chance.uniform(0, 1.5 * SLEEP_S))
        assert process.poll() is None, "the run ended before it was killed"
        process.kill()
        process.wait()
    done = tta(*arguments)

    assert done.returncode == 0, done.stderr
    assert points(rows_of(out)) == points(rows_of(whole))
    numbers = [row["window"] for row in rows_of(out)]
    assert numbers == list(range(len(numbers)))
    sessions = [record for record in journal_of(out) if record["kind"] == "session"]
    assert sum(session["session"]["reason"] == "resume" for session in sessions) >= 5
    assert "INTEGRITY_ONLY" in tta("verify", *out.glob("*.zip")).stdout


def test_a_resumed_run_warms_its_setting_up_again_and_says_so(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "6")
    interrupt(arguments, out, signal.SIGTERM, windows=3)
    before = len(rows_of(out))
    tta(*arguments)

    rows = rows_of(out)
    assert rows[before]["warmup"]
    assert sum(row["warmup"] for row in rows) == 2


def test_two_runs_into_one_folder_are_refused(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2,3", "--repeats", "9")
    first = subprocess.Popen(
        command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
    )
    while not list(out.glob("*/journal.jsonl")):
        time.sleep(0.02)
    second = tta(*arguments)

    assert second.returncode == 1
    assert "another run is using it" in second.stderr
    assert first.wait(timeout=60) == 0
    assert len(points(rows_of(out))) == 18


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_measured(models_dir):
    done = tta(*fake_run(models_dir, "/proc/nowhere", "--study", "steps", "--steps", "2"))

    assert done.returncode == 1
    assert "expected a folder that can be written, found /proc/nowhere" in done.stderr
    assert "--out" in done.stderr


def test_a_changed_library_stops_a_resume_and_names_it(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "6")
    interrupt(arguments, out, signal.SIGTERM, windows=2)
    write_model(models_dir, sleep_s=SLEEP_S, version="2.0")
    before = rows_of(out)
    done = tta(*arguments)

    assert done.returncode == 2
    assert "libraries has changed: expected {'fake': '1.0'}, found {'fake': '2.0'}" in done.stderr
    assert "--restart" in done.stderr
    assert rows_of(out) == before


def test_a_changed_gpu_stops_a_resume(models_dir, out, tmp_path):
    gpu = tmp_path / "gpu.toml"
    gpu.write_text('name = "One GPU"\n')
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "6")
    arguments[arguments.index("simulated")] = f"simulated:{gpu}"
    interrupt(arguments, out, signal.SIGTERM, windows=2)
    gpu.write_text('name = "Another GPU"\n')
    done = tta(*arguments)

    assert done.returncode == 2
    assert "gpu has changed: expected One GPU" in done.stderr


@pytest.mark.parametrize("fault", ["zero", "stuck"])
def test_a_counter_that_does_not_count_ends_in_exit_code_4(models_dir, out, tmp_path, fault):
    gpu = tmp_path / "gpu.toml"
    gpu.write_text(f'fault = "{fault}"\n')
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2")
    arguments[arguments.index("simulated")] = f"simulated:{gpu}"
    done = tta(*arguments)

    assert done.returncode == 4
    assert "stands still" in done.stderr
    assert not list(out.glob("*/journal.jsonl"))


def test_a_gpu_lost_in_the_middle_ends_in_exit_code_4_and_keeps_what_was_measured(
    models_dir, out, tmp_path
):
    gpu = tmp_path / "gpu.toml"
    gpu.write_text('fault = "lost"\nlost_after_windows = 5\n')
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2,3", "--repeats", "50")
    arguments[arguments.index("simulated")] = f"simulated:{gpu}"
    done = tta(*arguments)

    assert done.returncode == 4
    (told,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "of GPU 0 cannot be read (GPU is lost); every finished window is kept: once" in told
    assert "Volta" not in told
    assert "GPU is lost" not in done.stdout
    assert [row["status"] for row in rows_of(out)] == ["ok"] * 5


def test_a_window_too_short_for_the_counter_is_failed_and_never_zero(tmp_path, out):
    gpu = tmp_path / "gpu.toml"
    gpu.write_text("refresh_period_s = 0.25\n")
    models_dir = write_model(tmp_path / "models", sleep_s=0.0)
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "5")
    arguments[arguments.index("simulated")] = f"simulated:{gpu}"
    done = tta(*arguments)

    assert done.returncode == 3, done.stderr
    failed = [row for row in rows_of(out) if row["status"] == "failed"]
    assert failed
    assert all(row["gpu_energy_j"] is None for row in failed)
    assert "expected GPU energy above 0 J" in failed[0]["detail"]


def test_a_configuration_of_codecarbon_is_refused_because_it_would_change_the_joules(
    models_dir, out, tmp_path
):
    (tmp_path / ".codecarbon.config").write_text("[codecarbon]\npue = 1.5\n")
    done = tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "2"), cwd=tmp_path)

    assert done.returncode == 4
    assert "expected no configuration of its own, found pue from" in done.stderr


def test_tiny_simulated_and_cpu_runs_are_demonstrations(models_dir, out):
    done = tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1"))

    assert "demonstration" in done.stdout
    (path,) = out.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        recorded = json.loads(archive.read("data/environment.json"))
    assert recorded["class"] == "demonstration"
    assert recorded["machine"]["gpu"]["simulated"] is True


@pytest.mark.parametrize(("size", "flops"), [("full", {"denoising": 6}), ("tiny", None)])
def test_operations_are_those_of_the_card_and_of_no_other_size(models_dir, out, size, flops):
    few = ("--study", "steps", "--steps", "2", "--repeats", "1", "--size", size)
    tta(*fake_run(models_dir, out, *few))

    assert journal_of(out)[0]["header"]["environment"]["model"]["flops"] == flops


def test_what_differs_from_the_paper_is_in_the_bundle(models_dir, out):
    tta(*fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1"))

    (path,) = out.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        recorded = json.loads(archive.read("data/environment.json"))
    assert recorded["deviations"] == [
        "studies: steps, batch, quality -> steps",
        "repeats: 5 -> 1",
        "steps.steps: [10, 25, 50, 100, 150, 200] -> [2]",
        "weights: hub -> random",
        "device: cuda:0 -> simulated",
    ]


def test_a_model_that_cannot_denoise_exactly_the_length_is_unsupported_and_the_wish_recorded(
    models_dir, out
):
    done = tta(
        *fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--duration-mode", "exact")
    )
    assert done.returncode == 0, done.stderr

    assert {(row["status"], row["detail"]) for row in rows_of(out)} == {
        ("unsupported", "the latent has one size")
    }
    header = journal_of(out)[0]["header"]
    assert header["request"]["duration_mode"] == "exact"
    assert "duration_mode: paper -> exact" in header["environment"]["deviations"]


def test_the_private_parts_of_a_path_stay_out_of_the_bundle(models_dir, out, tmp_path):
    gpu = tmp_path / "somebody" / "gpu.toml"
    gpu.parent.mkdir()
    gpu.write_text("")
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1")
    arguments[arguments.index("simulated")] = f"simulated:{gpu}"
    arguments[arguments.index("random")] = str(gpu.parent)
    assert tta(*arguments).returncode == 0

    (path,) = out.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"somebody" not in everything
    assert str(tmp_path).encode() not in everything


def test_the_audio_goes_into_the_bundle_when_asked_for(models_dir, out):
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1")
    tta(*arguments, "--with-audio")

    (path,) = out.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        audio = [name for name in archive.namelist() if name.endswith(".wav")]
        assert len(audio) == 1
    assert "INTEGRITY_ONLY" in tta("verify", path).stdout


def test_a_run_signed_with_a_key_is_trusted_by_who_trusts_it(models_dir, out, tmp_path):
    tta("keygen", "--out", tmp_path / "keys")
    (private,) = [
        path for path in (tmp_path / "keys").iterdir() if not path.name.endswith(".pub.pem")
    ]
    (public,) = (tmp_path / "keys").glob("*.pub.pem")
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "1")
    assert tta(*arguments, "--key", private).returncode == 0
    (path,) = out.glob("*.zip")

    assert json.loads(tta("verify", path, "--json").stdout)[0]["verdict"] == "INTEGRITY_ONLY"
    trusted = tta("verify", path, "--public-key", public, "--json")
    assert json.loads(trusted.stdout)[0]["verdict"] == "TRUSTED"


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("gpu", "expected cuda:N|cpu|simulated[:FILE], found 'gpu'"),
        ("cuda:9", "error: device: expected an index below 0"),
    ],
)
def test_a_device_that_is_not_there_is_said_once_for_all_models(models_dir, out, device, said):
    write_model(models_dir, "second")
    arguments = fake_run(models_dir, out, "--model", "second", "--study", "steps")
    arguments[arguments.index("simulated")] = device
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, check=False,
        env=environment(CUDA_VISIBLE_DEVICES=""),
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count(said) == 1


def test_audio_that_cannot_be_written_stops_the_run_and_is_no_fault_of_the_model(tmp_path, out):
    full = tmp_path / "full"
    full.touch()
    broken = f"if os.path.exists({str(full)!r}) and paths[0].endswith('2-0.wav'): raise OSError(28, 'No space left on device')"  # noqa: E501
    models_dir = write_model(tmp_path / "models", sleep_s=SLEEP_S, on_write=broken)
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "3")
    stopped = tta(*arguments)

    assert stopped.returncode == 1
    assert "audio: cannot be written" in stopped.stderr
    assert "No space left on device" in stopped.stderr
    assert [row["status"] for row in rows_of(out)] == ["ok", "ok"]
    full.unlink()
    assert tta(*arguments).returncode == 0
    assert len(points(rows_of(out))) == 3


def test_audio_that_overflowed_fails_its_own_window_and_the_run_goes_on(tmp_path, out):
    broken = "if paths[0].endswith('2-0.wav'): raise ValueError('audio is not finite')"
    models_dir = write_model(tmp_path / "models", sleep_s=SLEEP_S, on_write=broken)
    arguments = fake_run(models_dir, out, "--study", "steps", "--steps", "2", "--repeats", "3")
    done = tta(*arguments)

    assert done.returncode == 3, done.stderr
    found = [row for row in rows_of(out) if row["repeat"] and not row["warmup"]]
    assert [row["status"] for row in found] == ["ok", "failed", "ok"]
    assert "audio is not finite" in found[1]["detail"]
    assert found[1]["gpu_energy_j"] is None


def test_the_example_of_the_page_on_adding_a_model_runs_smoke(out):
    done = tta(
        "smoke", "--models-dir", ROOT / "tests" / "models" / "example_models",
        "--model", "sine", "--out", out,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "INTEGRITY_ONLY" in done.stdout
    rows = rows_of(out)
    assert {row["executed_steps"] for row in rows if row["study"] != "stages"} == {2, 4, 8}
    assert {row["status"] for row in rows if row["study"] == "stages"} == {"unsupported"}
