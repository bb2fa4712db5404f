"""Every check of the machine around the GPU."""

import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from repro.catalog import Model, ModelCard
from repro.doctor import CHECKS, Needs, State
from repro.doctor import machine as machine_checks
from repro.doctor.checks import OF_THE_MACHINE
from repro.protocol import TierScorer
from tests.captions.lists import write_wav
from tests.doctor.sites import make_site

OK, WARN, FAIL = State.OK, State.WARN, State.FAIL
CARD = ModelCard(
    name="fake", title="Fake", in_paper=False, environment="plain", checkpoint="none",
    licence="none", dtype="float32", sample_rate_hz=8000, channels=1,
)  # fmt: skip


def check(name, tmp_path, **options):
    return CHECKS[name](make_site(tmp_path, **options))


def rapl_counter(root, mode):
    path = root / "sys/class/powercap/intel-rapl:0/energy_uj"
    path.parent.mkdir(parents=True)
    path.write_text("1\n")
    path.chmod(mode)


def test_processor_energy_that_can_be_read_is_good(tmp_path):
    rapl_counter(tmp_path, 0o444)

    assert check("rapl", tmp_path).state is OK


def test_processor_energy_that_cannot_be_read_is_modelled_and_said(tmp_path, monkeypatch):
    rapl_counter(tmp_path, 0o400)
    monkeypatch.setattr(machine_checks.os, "access", lambda *_: False)
    finding = check("rapl", tmp_path)

    assert finding.state is WARN
    assert "not readable" in finding.found


def test_without_counters_processor_energy_is_modelled_and_said(tmp_path):
    assert "it is modelled" in check("rapl", tmp_path).found


@pytest.mark.parametrize(
    ("synchronised", "state", "words"),
    [(True, OK, "synchronised"), (False, WARN, "not synchronised"), (None, WARN, "cannot be told")],
)
def test_the_time_of_day_is_good_where_somebody_keeps_it(
    tmp_path, monkeypatch, synchronised, state, words
):
    monkeypatch.setattr(machine_checks, "clock_is_synchronised", lambda: synchronised)
    finding = check("clock", tmp_path)

    assert (finding.state, words in finding.found) == (state, True)


def test_a_coarse_clock_fails(tmp_path, monkeypatch):
    coarse = SimpleNamespace(monotonic=True, resolution=0.015)
    monkeypatch.setattr(time, "get_clock_info", lambda _: coarse)

    assert check("clock", tmp_path).state is FAIL


def test_asking_the_kernel_for_its_clock_answers_or_says_that_it_cannot_tell():
    assert machine_checks.clock_is_synchronised() in (True, False, None)


@pytest.mark.parametrize(
    ("free", "state"), [(10_000_000_000, OK), (1_500_000_000, WARN), (900_000_000, FAIL)]
)
def test_room_is_compared_with_what_the_plan_needs(tmp_path, monkeypatch, free, state):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    finding = check("disk", tmp_path, needs=Needs(audio_bytes=700_000_000))

    assert finding.state is state
    assert "1.0 GB needed" in finding.found


def test_a_folder_that_is_not_there_yet_is_looked_for_above_and_not_made(tmp_path):
    site = make_site(tmp_path, root=tmp_path)
    below = tmp_path / "not" / "there"
    finding = CHECKS["output"](type(site)("cuda:0", below))

    assert finding.state is OK
    assert not below.exists()


def test_a_folder_that_cannot_be_written_fails(tmp_path):
    site = type(make_site(tmp_path))("cuda:0", Path("/proc/nowhere"))

    assert CHECKS["output"](site).state is FAIL


@pytest.mark.parametrize(
    ("real", "mounted", "state"), [(True, True, OK), (True, False, FAIL), (False, False, WARN)]
)
def test_in_a_container_a_measurement_needs_a_mounted_folder(
    tmp_path, monkeypatch, real, mounted, state
):
    monkeypatch.setattr(machine_checks, "is_mounted", lambda *_: mounted)
    finding = check("output", tmp_path, container="docker", real=real)

    assert finding.state is state
    assert finding.remedy is None or "docker run -v" in finding.remedy


def test_the_own_file_system_of_a_container_is_no_mount(tmp_path):
    assert not machine_checks.is_mounted(tmp_path, tmp_path)


def test_a_variable_of_codecarbon_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("CODECARBON_PUE", "1.5")
    finding = check("codecarbon", tmp_path)

    assert finding.state is FAIL
    assert "pue" in finding.found


def test_no_configuration_of_codecarbon_is_good(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    assert check("codecarbon", tmp_path).state is OK


@pytest.mark.parametrize(("script", "state"), [("exit 0", OK), ("exit 9", FAIL), (None, FAIL)])
def test_nvidia_smi_must_run_where_a_real_gpu_is_measured(tmp_path, monkeypatch, script, state):
    if script:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert check("nvidia-smi", tmp_path).state is state
    assert check("nvidia-smi", tmp_path, real=False).state is OK


MODEL = Model(card=CARD, folder=Path("models/fake"), card_text="")


@pytest.mark.parametrize(
    ("models", "weights", "state", "words"),
    [
        ((), "hub", WARN, "no model is installed"),
        ((MODEL,), "random", OK, "random"),
        ((MODEL,), "hub", WARN, "missing for fake"),
        ((MODEL,), "/not/there", WARN, "no folder"),
    ],
)
def test_weights_that_are_missing_are_named(tmp_path, models, weights, state, words):
    finding = check("weights", tmp_path, needs=Needs(models=models, weights=weights))

    assert (finding.state, words in finding.found) == (state, True)


def test_weights_in_a_folder_or_in_the_cache_are_good(tmp_path, monkeypatch):
    monkeypatch.setattr("repro.doctor.inputs.find", lambda _: tmp_path)

    for weights in (str(tmp_path), "hub"):
        needs = Needs(models=(MODEL,), weights=weights)
        assert check("weights", tmp_path, needs=needs).state is OK


def test_captions_are_good_where_they_are_and_named_where_they_are_not(tmp_path):
    (tmp_path / "clotho.csv").write_text("file_name,caption,duration\na.wav,A sound,10\n")

    assert check("captions", tmp_path).state is OK
    here = Needs(datasets=("clotho",), captions_dir=tmp_path)
    finding = check("captions", tmp_path, needs=here)
    assert (finding.state, "without reference audio for clotho" in finding.found) == (WARN, True)
    write_wav(tmp_path / "clotho" / "a.wav")
    assert check("captions", tmp_path, needs=here).state is OK
    half = Needs(datasets=("clotho", "audiocaps"), captions_dir=tmp_path)
    finding = check("captions", tmp_path, needs=half)
    assert (finding.state, finding.found.startswith("missing for audiocaps:")) == (WARN, True)


def test_the_scorer_is_good_where_it_is_and_says_how_to_get_it_where_it_is_not(
    tmp_path, monkeypatch
):
    assert check("scorer", tmp_path).state is OK
    needs = Needs(scorer=TierScorer(engine="laion", weights="random"))
    monkeypatch.setenv("TTA_ENVS", str(tmp_path))
    finding = check("scorer", tmp_path, needs=needs)
    assert finding.state is WARN
    assert "`nox -s environment -- scorer`" in finding.remedy
    python = tmp_path / "scorer" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    assert check("scorer", tmp_path, needs=needs).state is OK
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "none"))
    hub = Needs(scorer=TierScorer(engine="laion", weights="hub"))
    assert "`tta-energy weights fetch scorer`" in check("scorer", tmp_path, needs=hub).remedy


def test_every_check_of_the_machine_is_tested_here():
    assert set(OF_THE_MACHINE) == {
        "codecarbon", "rapl", "clock", "disk", "output", "weights", "captions", "scorer",
    }  # fmt: skip
