"""Measure which share of the quality study's wall time is the harness's and not the model's.

A worker that generates nothing for a while but writes 10 s of stereo at 44.1 kHz for every caption,
the most that any of the paper's models makes; the real CodeCarbon, journal, fsync and digest; a
simulated GPU whose counter refreshes every 100 ms and whose calls take 10 ms, in real time. What
passes between two generations is set against the generation times on the models' cards (NVIDIA
A40), for 300 captions of two data sets at six numbers of steps and seven models: the goal is for
all of them together, as short generations are waited for as long as long ones. Waiting for the
sensors to settle after the work stands apart, as does what aligning every window would make of it.
In the authors' runs, which made a tracker for each generation, the GPU waited 30 to 65 % of the
time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from overhead import ADAPTER, CARD, Silent, Stopwatch

from repro.catalog import read_catalog
from repro.measuring.modelrun import ModelRun
from repro.meter.counter import EnergyCounter, UnalignedCounter
from repro.meter.device import simulated_device
from repro.meter.simulated import SimulatedGpuSettings, SimulatedNvml
from repro.meter.trace import PowerTrace
from repro.plan import study_summary
from repro.protocol import STUDIES
from repro.request import Options, chosen_protocol, make_request, read_captions
from repro.workers.adapter import AdapterProcess

GOAL_PERCENT = 3.0
STEPS = tuple(range(1, 11))
CAPTIONS = 8
REFRESH_S, LATENCY_S = 0.1, 0.01
GENERATION_S = 0.5

SLOW_ADAPTER = ADAPTER.replace(
    "return Silence()", f"__import__('time').sleep({GENERATION_S}); return Silence()"
)
LOUD_ADAPTER = SLOW_ADAPTER.replace(
    'open(path, "wb").close()',
    """
            import wave
            with wave.open(path, "wb") as out:
                out.setparams((2, 2, 44100, 441000, "NONE", ""))
                out.writeframes(bytes(4 * 441000))
""",
)


class Pauses(NamedTuple):
    """Seconds between each two generations, and how many of them were waited for the sensors."""

    whole_s: list[float]
    waited_s: list[float]


def pauses(*, aligned: bool) -> Pauses:
    """Measure captions with windows that wait for refreshes of the counter, or do not."""
    generate = Stopwatch(AdapterProcess, "generate")
    waits = [Stopwatch(owner, name) for owner in (EnergyCounter, UnalignedCounter, PowerTrace)
             for name in ("open", "close")]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(folder), aligned=aligned)
    gaps = [
        (earlier, later)
        for (_, earlier), (later, _) in zip(generate.spans[1:], generate.spans[2:], strict=False)
    ]
    return Pauses(
        whole_s=[later - earlier for earlier, later in gaps],
        waited_s=[sum(wait.within(*gap) for wait in waits) for gap in gaps],
    )


def shares(pause_s: float) -> dict[str, float]:
    """Return the harness's share in percent of each of the paper's models, and of all."""
    protocol, _ = chosen_protocol(Options(tier="full", studies=("quality",)))
    models = [model for model in read_catalog().values() if model.card.in_paper]
    studies = {model.name: study_summary(protocol, model, "quality") for model in models}
    harness_s = {name: float(study["windows"]) * pause_s for name, study in studies.items()}
    model_s = {name: float(study["seconds"]) for name, study in studies.items()}
    found = {name: 100 * harness_s[name] / (harness_s[name] + model_s[name]) for name in studies}
    total_s = sum(harness_s.values())
    return {**found, "all": 100 * total_s / (total_s + sum(model_s.values()))}


def _run(folder: Path, *, aligned: bool) -> None:
    model_folder = folder / "models" / "idle"
    model_folder.mkdir(parents=True)
    (model_folder / "model.toml").write_text(CARD)
    (model_folder / "adapter.py").write_text(LOUD_ADAPTER)
    model = read_catalog((folder / "models",))["idle"]
    options = Options(
        tier="full", studies=("quality",), datasets=("synthetic",), captions=CAPTIONS,
        steps=STEPS if not aligned else STEPS[:2], weights="random", device="simulated",
    )  # fmt: skip
    board = SimulatedGpuSettings(
        refresh_period_s=REFRESH_S, sensor_period_s=REFRESH_S, latency_s=LATENCY_S
    )
    device = simulated_device(SimulatedNvml(board))
    request = make_request(options, model, read_captions(options))
    if aligned:
        protocol = request.protocol.model_copy(update={"align": STUDIES})
        request = request.model_copy(update={"protocol": protocol})
    ModelRun(folder, model, request, device, Silent()).measure()


def main() -> int:
    """Print the answer; return 6 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    aligned, found = pauses(aligned=True), pauses(aligned=False)
    mean_s = statistics.fmean(found.whole_s)
    percent = shares(mean_s)
    answer = {
        "question": "which share of the quality study's wall time is the harness's?",
        "value": percent["all"],
        "unit": "%",
        "goal": GOAL_PERCENT,
        "ok": percent["all"] <= GOAL_PERCENT,
        "details": {
            "between_windows_mean_ms": mean_s * 1000,
            "between_windows_median_ms": statistics.median(found.whole_s) * 1000,
            "of_that_waited_for_sensors_mean_ms": statistics.fmean(found.waited_s) * 1000,
            "windows": len(found.whole_s) + 2,
            **{f"{name}_percent": value for name, value in percent.items()},
            "aligned_between_windows_mean_ms": statistics.fmean(aligned.whole_s) * 1000,
            "aligned_all_percent": shares(statistics.fmean(aligned.whole_s))["all"],
        },
    }
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        print(f"{answer['question']} {answer['value']:.2f} %, goal {GOAL_PERCENT:g} %")
        for name, number in answer["details"].items():
            print(f"  {name}: {number:.3f}" if isinstance(number, float) else f"  {name}: {number}")
    return 0 if answer["ok"] else 6


if __name__ == "__main__":
    sys.exit(main())
