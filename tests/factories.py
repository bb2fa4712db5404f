"""Runs as the harness would have journalled them, made up for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from repro.records import (
    BundleClass,
    CodeIdentity,
    Environment,
    Gpu,
    Instrument,
    JournalHeader,
    Machine,
    ModelFacts,
    Reading,
    Run,
    Session,
    Status,
    Window,
    WindowEntry,
)

START = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)

PROTOCOL_TOML = 'format_version = 1\nname = "paper"\n'
MODEL_TOML = 'name = "{name}"\ntitle = "{title}"\n'
TITLES = {"audioldm": "AudioLDM"}
LOCK = "diffusers==0.31.0\n"


def make_gpu(name="NVIDIA A40", *, simulated=False):
    return Gpu(
        name=name,
        identity="0123456789abcdef",
        index=0,
        memory_bytes=48_000_000_000,
        driver="550.54.15",
        cuda_driver="12.4",
        vbios="94.02.5C.00.02",
        power_limit_w=300.0,
        persistence=True,
        ecc=True,
        simulated=simulated,
    )


def make_environment(*, gpu=None, size="full", weights="random", run_id=None):
    measured = gpu is not None and not gpu.simulated and size == "full"
    return Environment(
        bundle_class=BundleClass.MEASURED if measured else BundleClass.DEMONSTRATION,
        run_id=run_id or "6f9619ff8b864d01b42d00cf4fc964ff",
        tier="full",
        protocol="paper",
        size=size,
        weights=weights,
        device="cpu" if gpu is None else "cuda:0",
        deviations=("weights: random",),
        overrides=(),
        challenge=None,
        started_at=START.isoformat().replace("+00:00", "Z"),
        machine=Machine(
            gpu=gpu,
            cpu="AMD EPYC 7313",
            cpu_cores=16,
            ram_bytes=64_000_000_000,
            os="Debian GNU/Linux 12",
            kernel="6.8.0",
            container=None,
        ),
        source=CodeIdentity(version="0.1.0", commit="0" * 40, dirty=False),
        harness_libraries={"codecarbon": "3.3.2"},
        model=ModelFacts(
            libraries={"torch": "2.5.1", "diffusers": "0.31.0"},
            parameters={"unet": 185_036_552, "vae": 55_376_873},
            dtype="float16" if gpu else "float32",
            attention="sdpa",
            device="cpu" if gpu is None else "cuda:0",
            sample_rate_hz=16_000,
            channels=1,
            weights=weights,
        ),
        instruments=(
            Instrument(name="codecarbon", version="3.3.2", quantity="gpu", reads="energy counter"),
        ),
    )


def make_window(number, at, *, study, steps, batch_size, repeat, item, clips, warmup, gpu, model):
    """Energy and time follow a straight line in the steps, with a small scatter by repeat."""
    duration_s = (0.2 + 0.026 * steps) * (1 + 0.25 * (clips - 1)) * (1 + 0.01 * repeat)
    power_w = 140.0
    energy_j = round(duration_s * power_w, 6)
    row = Window(
        study=study,
        model=model,
        checkpoint="cvssp/audioldm-s-full-v2",
        steps=steps,
        executed_steps=steps,
        executed_steps_source="counted",
        batch_size=batch_size,
        repeat=repeat,
        item=item,
        seed=item,
        status=Status.OK,
        warmup=warmup,
        started_at=at.isoformat().replace("+00:00", "Z"),
        duration_s=duration_s,
        clips=clips,
        audio_s=10.0 * clips,
        gpu_energy_j=energy_j if gpu else None,
        gpu_meter="codecarbon" if gpu else None,
        gpu_energy_codecarbon_j=energy_j if gpu else None,
        gpu_energy_counter_j=energy_j if gpu else None,
        cpu_energy_j=energy_j / 3,
        cpu_source="modelled",
        ram_energy_j=energy_j / 100,
        ram_source="modelled",
        window=number,
    )
    return WindowEntry(row=row, readings=tuple(_readings(row, duration_s)))


def _readings(row, duration_s):
    times = {"t_open_s": 0.0, "t_close_s": duration_s}
    if row.gpu_energy_j is not None:
        yield Reading(
            instrument="codecarbon", quantity="gpu", source="measured", energy_j=row.gpu_energy_j,
            raw_open=0.0, raw_close=row.gpu_energy_j / 3.6e6, raw_unit="kWh", **times,
        )  # fmt: skip
        yield Reading(
            instrument="counter", quantity="gpu", source="measured", energy_j=row.gpu_energy_j,
            raw_open=1000.0, raw_close=1000.0 + row.gpu_energy_j * 1000, raw_unit="mJ", **times,
        )  # fmt: skip
    yield Reading(
        instrument="codecarbon", quantity="cpu", source="modelled", energy_j=row.cpu_energy_j,
        raw_open=0.0, raw_close=row.cpu_energy_j / 3.6e6, raw_unit="kWh", **times,
    )  # fmt: skip
    yield Reading(
        instrument="codecarbon", quantity="ram", source="modelled", energy_j=row.ram_energy_j,
        raw_open=0.0, raw_close=row.ram_energy_j / 3.6e6, raw_unit="kWh", **times,
    )  # fmt: skip


def make_run(
    *,
    model="audioldm",
    gpu=None,
    size="full",
    weights="random",
    steps=(10, 25),
    batch_sizes=(1, 2),
    samples=2,
    repeats=2,
    run_id=None,
):
    """Make a complete run of the studies ``steps`` and ``batch``, a warm-up before each setting."""
    settings = [("steps", count, 1, [(0, 1)]) for count in steps]
    for size_ in batch_sizes:
        calls = [(first, min(size_, samples - first)) for first in range(0, samples, size_)]
        settings.append(("batch", 100, size_, calls))
    entries, at, planned = [], START, 0
    for study, count, batch_size, calls in settings:
        repeat_list = [(1, True), *((number, False) for number in range(1, repeats + 1))]
        for repeat, warmup in repeat_list:
            for item, clips in calls[:1] if warmup else calls:
                entry = make_window(
                    len(entries), at, study=study, steps=count, batch_size=batch_size,
                    repeat=repeat, item=item, clips=clips, warmup=warmup,
                    gpu=gpu is not None, model=model,
                )  # fmt: skip
                entries.append(entry)
                at += timedelta(seconds=entry.row.duration_s)
                planned += not warmup
    header = JournalHeader(
        run_id=run_id or "6f9619ff8b864d01b42d00cf4fc964ff",
        request={"tier": "full", "model": model},
        environment=make_environment(gpu=gpu, size=size, weights=weights, run_id=run_id),
        protocol_toml=PROTOCOL_TOML,
        model_toml=MODEL_TOML.format(name=model, title=TITLES.get(model, model)),
        requirements_lock=LOCK,
        planned_windows=planned,
    )
    session = Session(reason="start", started_at=header.environment.started_at, first_window=0)
    return Run(header=header, sessions=(session,), entries=tuple(entries))
