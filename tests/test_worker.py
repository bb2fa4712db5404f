import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from repro.catalog import read_catalog
from repro.errors import WorkerError
from repro.workers import process
from repro.workers.adapter import AdapterProcess
from tests.fakes import environment, write_model

CALL = {
    "prompts": ["rain"],
    "negative_prompt": None,
    "audio_s": 0.01,
    "seeds": [0],
    "timeout_s": 20,
}
LOAD = {
    "size": "tiny",
    "weights": "random",
    "device": "cpu",
    "dtype": "float32",
    "attention": "sdpa",
    "audio_s": 0.01,
    "duration_mode": "paper",
    "cache_dir": None,
    "seed": 0,
}


@pytest.fixture
def start(tmp_path):
    started = []

    def _start(**behaviour):
        model = read_catalog((write_model(tmp_path / "models", **behaviour),))["fake"]
        process = AdapterProcess(model, tmp_path / "worker.log", {})
        started.append(process)
        return process

    yield _start
    for one in started:
        one.kill()


def test_denoiser_calls_are_counted_and_not_taken_from_the_request(start):
    worker = start(extra="")
    worker.load(**LOAD)

    assert worker.generate(steps=5, **CALL)["denoiser_calls"] == 5
    assert worker.generate(steps=2, **CALL)["denoiser_calls"] == 2


def test_a_model_does_not_see_the_passphrase_of_the_key_nor_a_token_of_the_hub(start, monkeypatch):
    for name in ("TTA_KEY_PASSPHRASE", "HF_TOKEN", "TTA_ENVS"):
        monkeypatch.setenv(name, "a value")
    seen = "sorted(name for name, value in os.environ.items() if value == 'a value')"
    worker = start(on_load=f"raise RuntimeError(str({seen}))")

    with pytest.raises(WorkerError, match=r"\['TTA_ENVS'\]"):
        worker.load(**LOAD)


def test_what_is_installed_is_listed_once_each_in_order(start):
    listed = start().installed()
    assert f"pytest=={pytest.__version__}" in listed
    names = [line.partition("==")[0] for line in listed]
    assert names == sorted(set(names))


def test_a_library_that_prints_does_not_corrupt_the_replies(start, tmp_path):
    worker = start()

    assert worker.describe("tiny")["parameters"] == {"denoiser": 3}
    worker.kill()
    assert "a library prints this" in (tmp_path / "worker.log").read_text()


@pytest.mark.parametrize(
    ("steps", "kind", "message"),
    [
        (13, "crash", "the worker ended with signal SIGSEGV; it said: .*about to die"),
        (15, "oom", "MemoryError: CUDA out of memory"),
        (16, "error", "ValueError: shapes do not match"),
    ],
)
def test_a_misfortune_of_the_model_is_told_by_kind(start, steps, kind, message):
    worker = start()
    worker.load(**LOAD)

    with pytest.raises(WorkerError, match=message) as caught:
        worker.generate(steps=steps, **CALL)
    assert caught.value.kind == kind


def test_a_silent_worker_is_given_up_and_killed(start):
    worker = start()
    worker.load(**LOAD)

    with pytest.raises(WorkerError, match=r"no answer within 0\.3 s") as caught:
        worker.generate(steps=14, **{**CALL, "timeout_s": 0.3})
    assert caught.value.kind == "hang"
    assert not psutil.pid_exists(worker._process.pid)


def test_an_adapter_that_cannot_be_imported_is_an_error_with_its_reason(start):
    with pytest.raises(WorkerError, match="No module named 'nowhere'"):
        start(extra="import nowhere")


def test_the_trace_of_an_error_is_kept_in_the_log(start, tmp_path):
    worker = start()
    worker.load(**LOAD)
    with pytest.raises(WorkerError):
        worker.generate(steps=16, **CALL)

    assert 'raise ValueError("shapes do not match")' in (tmp_path / "worker.log").read_text()


STARTS_ANOTHER = "import subprocess; print('child', subprocess.Popen(['sleep', '600']).pid)"


def child_of(log):
    """Return the process that an adapter has started and named in its log."""
    while "child" not in log.read_text():
        time.sleep(0.01)
    return psutil.Process(int(re.search(r"child (\d+)\n", log.read_text())[1]))


def is_gone(process):
    try:
        process.wait(10)
    except psutil.TimeoutExpired:
        return False
    return True


def test_what_a_worker_has_started_ends_with_it(start, tmp_path):
    worker = start(extra=STARTS_ANOTHER)
    worker.describe("tiny")
    child = child_of(tmp_path / "worker.log")
    worker.kill()

    assert is_gone(child)


def test_what_a_worker_has_started_ends_with_it_when_it_crashes(start, tmp_path):
    worker = start(extra=STARTS_ANOTHER)
    worker.load(**LOAD)
    child = child_of(tmp_path / "worker.log")
    with pytest.raises(WorkerError, match="SIGSEGV"):
        worker.generate(steps=13, **CALL)

    assert is_gone(child)


def test_a_worker_that_closes_its_output_and_lives_on_is_a_crash_and_killed(start, monkeypatch):
    monkeypatch.setattr(process, "CRASH_TIMEOUT_S", 0.2)
    worker = start(on_load="os.closerange(3, 64); time.sleep(600)")

    with pytest.raises(WorkerError, match="the worker closed its output and did not end") as caught:
        worker.load(**LOAD)
    assert caught.value.kind == "crash"
    assert is_gone(psutil.Process(worker._process.pid))


ABANDONS_ITS_WORKER = """
import os, sys, threading, time
from pathlib import Path
from repro.workers.adapter import AdapterProcess
from repro.catalog import read_catalog
from tests.test_worker import CALL, LOAD
models, log = map(Path, sys.argv[1:])
worker = AdapterProcess(read_catalog((models,))["fake"], log, {})
worker.load(**LOAD)
print(worker._process.pid, flush=True)
worker.generate(steps=14, **{**CALL, "timeout_s": 600})
"""


def test_a_worker_ends_with_its_harness_even_in_the_middle_of_a_generation(tmp_path):
    models = write_model(tmp_path / "models", extra=STARTS_ANOTHER)
    harness = subprocess.Popen(
        [sys.executable, "-c", ABANDONS_ITS_WORKER, str(models), str(tmp_path / "log")],
        stdout=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    worker = psutil.Process(int(harness.stdout.readline()))
    child = child_of(tmp_path / "log")
    time.sleep(0.2)
    os.kill(harness.pid, signal.SIGKILL)
    harness.wait()
    harness.stdout.close()

    assert is_gone(worker)
    assert is_gone(child)


def test_the_worker_needs_the_standard_library_alone():
    worker = Path(__file__).parent.parent / "repro" / "workers" / "worker.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(worker), "/nowhere/adapter.py"],
        capture_output=True, text=True, check=False, input="",
    )  # fmt: skip

    assert '"ok": false' in done.stdout
    assert "FileNotFoundError" in done.stdout
