import math

import pytest

from repro.adapter import Generated
from repro.catalog import ModelCard
from repro.meter.window import Measurement
from repro.plan import PlannedWindow
from repro.protocol import parse_protocol, protocol_text
from repro.records import Reading, Status
from repro.rows import RowMaker

PROTOCOL = parse_protocol(protocol_text("paper"))
CARD = ModelCard(
    name="fake", title="Fake", in_paper=False, environment="plain", checkpoint="none",
    licence="none", dtype="float32", sample_rate_hz=8000, channels=1,
)  # fmt: skip
PLANNED = PlannedWindow(study="batch", steps=100, batch_size=4, repeat=2, item=8, clips=2)
GENERATED = Generated(
    clips=2, seconds=10.0, sample_rate_hz=8000, channels=1, latent_shape=None, denoiser_calls=167
)


def reading(instrument, quantity, energy_j):
    return Reading(
        instrument=instrument, quantity=quantity, source="measured", energy_j=energy_j,
        raw_open=0.0, raw_close=energy_j, raw_unit="J", t_open_s=0.0, t_close_s=2.0,
    )  # fmt: skip


def row(*readings, on_gpu=True, refresh_period_s=0.1, generated=(GENERATED,)):
    maker = RowMaker(PROTOCOL, CARD, on_gpu=on_gpu, refresh_period_s=refresh_period_s)
    measurement = Measurement(
        started_at="2026-11-01T12:00:00Z", duration_s=2.0, readings=tuple(readings)
    )
    return maker.measured(7, PLANNED, measurement, generated, warmup=False)


def test_the_headline_of_the_protocol_becomes_the_energy_of_the_row():
    made = row(reading("codecarbon", "gpu", 500.0), reading("counter", "gpu", 503.0))

    assert (made.gpu_energy_j, made.gpu_meter) == (500.0, "codecarbon")
    assert made.gpu_energy_counter_j == 503.0
    assert made.uncertainty_j == pytest.approx(250 * 0.1 / math.sqrt(6))
    assert made.status is Status.OK


def test_a_headline_of_zero_fails_the_row_and_is_no_number():
    made = row(reading("codecarbon", "gpu", 0.0), reading("counter", "gpu", 503.0))

    assert made.status is Status.FAILED
    assert made.gpu_energy_j is None
    assert made.detail == "codecarbon: expected GPU energy above 0 J, found none"


def test_another_instrument_that_reads_nothing_is_named_and_left_empty():
    made = row(reading("codecarbon", "gpu", 500.0), reading("counter", "gpu", 0.0))

    assert made.status is Status.OK
    assert made.gpu_energy_counter_j is None
    assert made.disturbances == "counter read no gpu energy"


def test_without_a_gpu_the_energy_of_the_cpu_must_not_be_missing():
    assert row(reading("codecarbon", "cpu", 16.0), on_gpu=False).status is Status.OK
    assert row(reading("codecarbon", "cpu", 0.0), on_gpu=False).status is Status.FAILED


def test_what_was_counted_stands_beside_what_was_asked_for():
    made = row(reading("codecarbon", "gpu", 500.0))

    assert (made.steps, made.executed_steps, made.executed_steps_source) == (100, 167, "counted")
    assert (made.seed, made.clips, made.audio_s) == (8, 2, 20.0)


def test_a_window_adds_its_generations_up_and_says_how_many_there_were():
    made = row(reading("codecarbon", "gpu", 500.0), generated=[GENERATED] * 3)

    assert (made.generations, made.clips, made.audio_s) == (3, 6, 60.0)
    assert (made.gpu_energy_j, made.duration_s, made.executed_steps) == (500.0, 2.0, 167)


def test_generations_that_are_not_alike_fail_the_window():
    other = GENERATED.model_copy(update={"denoiser_calls": 166})
    made = row(reading("codecarbon", "gpu", 500.0), generated=[GENERATED, other])

    assert made.status is Status.FAILED
    assert made.executed_steps is None
    assert made.detail == "expected generations alike, found 166 and 167 executed steps"
