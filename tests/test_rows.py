import math

import pytest

from repro.catalog import ModelCard
from repro.measuring.rows import RowMaker
from repro.meter.window import Measurement
from repro.plan import PlannedWindow
from repro.protocol import parse_protocol, protocol_text
from repro.records import Reading, Status, Trace
from repro.workers.adapter import Generated, Replayed

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


def row(
    *readings, on_gpu=True, refresh_period_s=0.1, protocol=PROTOCOL, gpu_name="", duration_s=2.0,
    generated=(GENERATED,), planned=PLANNED, **found,
):  # fmt: skip
    maker = RowMaker(
        protocol, CARD, on_gpu=on_gpu, refresh_period_s=refresh_period_s, gpu_name=gpu_name
    )
    measurement = Measurement(
        started_at="2026-11-01T12:00:00Z", duration_s=duration_s, readings=readings, **found
    )
    return maker.measured(7, planned, measurement, generated, warmup=False)


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


def test_a_generation_that_never_called_the_denoiser_fails_its_row():
    uncounted = GENERATED.model_copy(update={"denoiser_calls": 0})
    made = row(reading("codecarbon", "gpu", 500.0), generated=(uncounted, uncounted))

    assert made.status is Status.FAILED
    assert made.detail == (
        "expected 100 denoiser calls, found 0: is adapter.denoiser the module that generate calls?"
    )


def test_a_stage_without_the_denoiser_is_no_failure():
    decoding = PLANNED.model_copy(update={"study": "stages", "stage": "decoding"})
    replayed = Replayed(replays=3, denoiser_calls=0)
    made = row(reading("codecarbon", "gpu", 500.0), generated=replayed, planned=decoding)

    assert made.status is Status.OK


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


def budgeted(instrument, energy_j, timing_u_j=3.0, idle_u_j=4.0):
    update = {"timing_u_j": timing_u_j, "idle_u_j": idle_u_j, "gain_u_j": 900.0}
    return reading(instrument, "gpu", energy_j).model_copy(update=update)


def test_a_headline_with_a_budget_has_its_uncertainty_without_the_gain():
    precise = PROTOCOL.model_copy(update={"headline": "counter"})
    made = row(reading("codecarbon", "gpu", 500.0), budgeted("counter", 503.0), protocol=precise)

    assert (made.gpu_energy_j, made.gpu_meter) == (503.0, "counter")
    assert made.uncertainty_j == pytest.approx(5.0)


def test_readings_that_disagree_dispute_the_row_and_are_all_kept():
    made = row(
        reading("codecarbon", "gpu", 2550.0), budgeted("counter", 2560.0),
        budgeted("trace", 1500.0), duration_s=10.0,
    )  # fmt: skip

    assert made.status is Status.DISPUTED
    assert made.detail == ("counter 2560 J and trace 1500 J are 52.2% apart, expected at most 5%")
    assert (made.gpu_energy_j, made.gpu_energy_trace_j) == (2550.0, 1500.0)


def test_a_missing_headline_outweighs_a_dispute():
    made = row(
        reading("codecarbon", "gpu", 0.0), budgeted("counter", 2560.0),
        budgeted("trace", 1500.0), duration_s=10.0,
    )  # fmt: skip

    assert made.status is Status.FAILED


def test_what_the_instruments_noticed_stands_in_the_row():
    made = row(
        reading("codecarbon", "gpu", 500.0),
        disturbances=("software power cap in 3 of 9 samples", "1 other process on the GPU"),
    )

    assert made.status is Status.OK
    assert made.disturbances == ("software power cap in 3 of 9 samples; 1 other process on the GPU")


@pytest.mark.parametrize(
    ("gpu_name", "duration_s", "warned"),
    [
        ("NVIDIA A100-SXM4-40GB", 16.7, True),    # 167 calls: 100 ms a step
        ("NVIDIA H100 80GB HBM3", 8.35, True),    # 50 ms
        ("NVIDIA H200", 5.57, True),              # 33 ms
        ("NVIDIA H200", 4.34, False),             # 26 ms
        ("NVIDIA A40", 16.7, False),              # its sensor looks all the time
    ],
)  # fmt: skip
def test_steps_in_time_with_a_sensor_that_looks_now_and_then_are_warned_of(
    gpu_name, duration_s, warned
):
    made = row(
        reading("codecarbon", "gpu", 4000.0), gpu_name=gpu_name, duration_s=duration_s,
        trace=Trace(t_ms=(0, 1), power_mw=(1, 1)),
    )  # fmt: skip

    assert ("aliasing possible" in (made.disturbances or "")) == warned
