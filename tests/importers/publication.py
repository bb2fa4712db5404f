"""A publication in the layout of the authors, made up: small numbers that can be added by hand.

A generation of ``n`` steps lasts ``n / 100`` s; the GPU draws 100 W, the processor 50 W and the
memory 1 W. So a call of 100 steps takes 1 s and uses 100 J, 50 J and 1 J.
"""

from __future__ import annotations

import csv
import io
import itertools

from repro.importers.emissions import COLUMNS

STEPS = (10, 25, 50, 100, 150, 200)
DATASETS = ("audiocaps", "clotho")
GPU_W, CPU_W, RAM_W = 100.0, 50.0, 1.0

STEPS_LOG = "results/inference_steps/AudioLDM/AudioLDM-emissions-run{}.csv"
BATCH_LOG = "results/batch_size/AudioLDM/batch5/AudioLDM-emissions-batch5-n{}-run{}.csv"
QUALITY_LOG = "results/quality_metrics/emissions/AudioLDM/AudioLDM_{}.csv"
FAD = "results/quality_metrics/FAD/AudioLDM_fad_scores.csv"
CLAP = "results/quality_metrics/CLAP/AudioLDM_clap_scores.csv"

_COUNT = itertools.count(1)


def measurement(project, duration_s, **changes):
    """Return a line of a log; ``cpu_power`` varies as a reading does."""
    number = next(_COUNT)
    values = {
        "timestamp": "2025-03-06T15:04:54",
        "project_name": project,
        "run_id": f"run-{number}",
        "experiment_id": "5b0fa12a",
        "duration": duration_s,
        "emissions_rate": 1e-5,
        "cpu_power": CPU_W + number % 7,
        "gpu_power": 0.0,
        "ram_power": RAM_W,
        "cpu_energy": CPU_W * duration_s / 3.6e6,
        "gpu_energy": GPU_W * duration_s / 3.6e6,
        "ram_energy": RAM_W * duration_s / 3.6e6,
        "country_name": "Italy",
        "country_iso_code": "ITA",
        "os": "Linux-6.8.0-52-generic-x86_64-with-glibc2.39",
        "python_version": "3.12.7",
        "codecarbon_version": "2.7.2",
        "cpu_count": 64,
        "cpu_model": "AMD EPYC 7313 16-Core Processor",
        "gpu_count": 4,
        "gpu_model": "4 x NVIDIA A40",
        "longitude": 12.1097,
        "latitude": 43.1479,
        "ram_total_size": 1007.5,
        "tracking_mode": "process",
        "on_cloud": "N",
        "pue": 1.0,
    }
    values |= {"emissions": values["emissions_rate"] * duration_s, **changes}
    energies = ("cpu_energy", "gpu_energy", "ram_energy")
    return {"energy_consumed": sum(values[name] for name in energies), **values}


def table(folder, path, columns, lines):
    """Write a CSV file."""
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    target.write_text(text.getvalue())


def log(folder, path, lines):
    table(folder, path, COLUMNS, lines)


def publish_steps(folder, name="AudioLDM", **changes):
    for repeat in range(1, 6):
        log(
            folder, f"results/inference_steps/{name}/{name}-emissions-run{repeat}.csv",
            [measurement(f"{name}-inference_{n}-steps", n / 100, **changes) for n in STEPS],
        )  # fmt: skip


def publish_batch(folder, name="AudioLDM", **changes):
    """Write calls that last one second for every clip in them."""
    for size, repeat in itertools.product((1, 2, 5, 10), range(1, 6)):
        for call in range(10 // size):
            stem = f"{name}-emissions-batch{size}"
            path = f"batch{size}/{stem}-n{call}-run{repeat}.csv"
            path = f"{stem}-run{repeat}.csv" if size == 10 else path
            line = measurement(f"{name}-inference_batch{size}", float(size), **changes)
            log(folder, f"results/batch_size/{name}/{path}", [line])


def publish_quality(folder, name="AudioLDM", **changes):
    for dataset in DATASETS:
        lines = [
            measurement(f"{name}_{dataset}-{n}-steps-clip {clip}", n / 100, **changes)
            for clip in range(300)
            for n in STEPS
        ]
        log(folder, f"results/quality_metrics/emissions/{name}/{name}_{dataset}.csv", lines)


def publish_scores(folder, name="AudioLDM", *, top="results/quality_metrics", model=None):
    """Write a distance of steps / 1000 and a score of steps / 2000, a tenth more for Clotho."""
    for metric, divisor in (("fad", 1000), ("clap", 2000)):
        # the authors' tables begin with different data sets
        datasets = DATASETS if metric == "clap" else DATASETS[::-1]
        column = f"{metric}_score"
        lines = [
            {"model": model or name, "steps": n, "baseline": dataset,
             column: n / divisor + 0.1 * (dataset == "clotho")}
            for dataset in datasets for n in STEPS
        ]  # fmt: skip
        path = f"{top}/{metric.upper()}/{name}_{metric}_scores.csv"
        table(folder, path, ("model", "steps", "baseline", column), lines)


def publish_sanity(folder, name="AudioLDM"):
    publish_scores(folder, name, top="sanitycheck", model=f"{name}sanity")


def edit(folder, path, line, change):
    """Change the cells of a line (2 is the first below the header) with a function."""
    lines = read(folder, path)
    change(lines[line - 2])
    table(folder, path, list(lines[0]), lines)


def read(folder, path):
    with (folder / path).open(newline="") as stream:
        return list(csv.DictReader(stream))
