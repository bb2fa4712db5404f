"""Measure how long a report on a thousand bundles takes, its memory, and how that grows.

Bundles are made and sealed here, small but real: the study ``steps`` of the paper with a warm-up
for each setting and five repeats, 36 windows, of ten models on eight GPUs. Each size is reported
on in a process of its own, with all that ``tta-energy report`` does: every bundle is verified,
its rows read, tables, figures and the page made. Memory is the peak of that process.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from repro.analysis.lines import fit
from repro.analysis.report import write_report
from repro.bundle import examine, find_bundles, seal
from repro.energy.units import JOULES_PER_KWH
from repro.protocol import protocol_text
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
from repro.signing import TrustStore, ephemeral_key

SIZES = (125, 250, 500, 1000)
GOAL_S = 60.0
GOAL_BYTES = 2**30
#: The exponent of CPU time against bundles: 1 is linear, and this leaves room for a busy machine.
MOST_GROWTH = 1.15

#: So many series that no point ever has the hundred repeats from which on its interval costs less.
MODELS, GPUS = 10, 8
STEPS, REPEATS = (10, 25, 50, 100, 150, 200), 5
POWER_W = 140.0
START = datetime(2026, 1, 1, tzinfo=UTC)


def make_run(number: int) -> Run:
    """Make the run of this number; each is another one."""
    model = f"model-{number % MODELS:02}"
    entries: list[WindowEntry] = []
    at = START + timedelta(hours=number)
    for steps in STEPS:
        for repeat in range(REPEATS + 1):
            entry = _entry(len(entries), at, model, steps=steps, repeat=repeat, number=number)
            entries.append(entry)
            at += timedelta(seconds=entry.row.duration_s or 0.0)
    header = JournalHeader(
        run_id=f"{number:032x}",
        request={"tier": "full", "model": model},
        environment=_environment(number),
        protocol_toml=protocol_text("paper"),
        model_toml=f'name = "{model}"\ntitle = "{model.capitalize()}"\n',
        requirements_lock="diffusers==0.31.0\n",
        planned_windows=len(STEPS) * REPEATS,
    )
    session = Session(reason="start", started_at=header.environment.started_at, first_window=0)
    return Run(header=header, sessions=(session,), entries=tuple(entries))


def _entry(
    window: int, at: datetime, model: str, *, steps: int, repeat: int, number: int
) -> WindowEntry:
    # A scatter of 2 %, the same at every call: no repeat is like another.
    wobble = 1 + 0.02 * math.sin(7 * number + 3 * window)
    duration_s = (0.2 + 0.026 * steps) * wobble
    energy_j = duration_s * POWER_W
    row = Window(
        study="steps", model=model, checkpoint=f"example/{model}", steps=steps,
        executed_steps=steps, executed_steps_source="counted", batch_size=1,
        repeat=max(repeat, 1), item=0, seed=0, status=Status.OK, warmup=not repeat,
        started_at=_utc(at), duration_s=duration_s, clips=1, audio_s=10.0, gpu_energy_j=energy_j,
        gpu_meter="codecarbon", gpu_energy_codecarbon_j=energy_j, gpu_energy_counter_j=energy_j,
        cpu_energy_j=energy_j / 3, cpu_source="modelled", window=window,
    )  # fmt: skip
    return WindowEntry(row=row, readings=tuple(_readings(energy_j, duration_s)))


def _readings(energy_j: float, duration_s: float) -> list[Reading]:
    times = {"t_open_s": 0.0, "t_close_s": duration_s}
    return [
        Reading(
            instrument="codecarbon", quantity="gpu", source="measured", energy_j=energy_j,
            raw_open=0.0, raw_close=energy_j / JOULES_PER_KWH, raw_unit="kWh", **times,
        ),
        Reading(
            instrument="counter", quantity="gpu", source="measured", energy_j=energy_j,
            raw_open=1e6, raw_close=1e6 + energy_j * 1000, raw_unit="mJ", **times,
        ),
        Reading(
            instrument="codecarbon", quantity="cpu", source="modelled", energy_j=energy_j / 3,
            raw_open=0.0, raw_close=energy_j / 3 / JOULES_PER_KWH, raw_unit="kWh", **times,
        ),
    ]  # fmt: skip


def _environment(number: int) -> Environment:
    gpu = Gpu(
        name=f"example GPU {number // MODELS % GPUS}", identity="0123456789abcdef", index=0,
        memory_bytes=48_000_000_000, driver="550.54.15", cuda_driver="12.4", vbios=None,
        power_limit_w=300.0, persistence=True, ecc=True, simulated=False,
    )  # fmt: skip
    facts = ModelFacts(
        libraries={"torch": "2.5.1"}, parameters={"unet": 185_036_552}, dtype="float16",
        attention="sdpa", device="cuda:0", sample_rate_hz=16_000, channels=1, weights="hub",
    )  # fmt: skip
    machine = Machine(
        gpu=gpu, cpu="an example", cpu_cores=16, ram_bytes=64_000_000_000, os="Linux",
        kernel="6.8.0", container=None,
    )  # fmt: skip
    return Environment(
        bundle_class=BundleClass.MEASURED, run_id=f"{number:032x}", tier="full", protocol="paper",
        size="full", weights="hub", device="cuda:0", deviations=(), overrides=(), challenge=None,
        started_at=_utc(START + timedelta(hours=number)), machine=machine,
        source=CodeIdentity(version="0.1.0", commit=None, dirty=None),
        harness_libraries={"codecarbon": "3.3.2"}, model=facts,
        instruments=(
            Instrument(name="codecarbon", version="3.3.2", quantity="gpu", reads="energy counter"),
        ),
    )  # fmt: skip


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def report(folder: Path, count: int, out: Path) -> dict[str, float]:
    """Report on the first bundles of a folder, in this process, and say what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    trust = TrustStore.load()
    paths = find_bundles([folder])[:count]
    write_report((examine(path, trust=trust) for path in paths), out)
    return {
        "bundles": len(paths),
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        # Linux counts in KiB, macOS in bytes.
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024),
    }


def measure() -> dict[str, object]:
    """Make the bundles once, then report on more and more of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "bundles"
        folder.mkdir()
        begun, key = time.perf_counter(), ephemeral_key()
        for number in range(max(SIZES)):
            (folder / f"{number:04}.zip").write_bytes(seal(make_run(number), key=key))
        sealed_s = time.perf_counter() - begun
        runs = [_fresh(folder, count, Path(name) / f"report-{count}") for count in SIZES]
    line = fit([run["bundles"] for run in runs], [run["cpu_s"] for run in runs])
    return {
        "windows_per_bundle": len(STEPS) * (REPEATS + 1),
        "sealing_s": sealed_s,
        "growth_exponent": growth([(run["bundles"], run["cpu_s"]) for run in runs]),
        "fixed_s": line.intercept,
        "ms_per_bundle": 1000 * line.slope,
        "r2": line.r2,
        "runs": runs,
    }


def _fresh(folder: Path, count: int, out: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", str(folder), str(count), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def growth(points: list[tuple[float, float]]) -> float:
    """Return the exponent of time against size: the slope in logarithms, by least squares."""
    xs, ys = zip(*((math.log(size), math.log(taken)) for size, taken in points), strict=True)
    x_mean, y_mean = math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)
    over = math.fsum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys, strict=True))
    return over / math.fsum((x - x_mean) ** 2 for x in xs)


def main() -> int:
    """Print the answer; return 6 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--child", nargs=3, metavar=("FOLDER", "COUNT", "OUT"),
                        help=argparse.SUPPRESS)  # fmt: skip
    arguments = parser.parse_args()
    if arguments.child:
        folder, count, out = arguments.child
        print(json.dumps(report(Path(folder), int(count), Path(out))))
        return 0
    details = measure()
    answer = _answer(details)
    if arguments.json:
        print(json.dumps(answer, indent=2))
    else:
        _print(answer)
    return 0 if answer["ok"] else 6


def _answer(details: dict[str, object]) -> dict[str, object]:
    largest = details["runs"][-1]
    ok = (
        largest["wall_s"] <= GOAL_S
        and largest["peak_bytes"] <= GOAL_BYTES
        and details["growth_exponent"] <= MOST_GROWTH
    )
    return {
        "question": f"how long does a report on {SIZES[-1]} bundles take?",
        "value": largest["wall_s"],
        "unit": "s",
        "goal": GOAL_S,
        "ok": ok,
        "details": {
            "goal_peak_bytes": GOAL_BYTES,
            "goal_growth_exponent": MOST_GROWTH,
            **details,
        },
    }


def _print(answer: dict[str, object]) -> None:
    details = answer["details"]
    print(f"{answer['question']} {answer['value']:.1f} s, goal {GOAL_S:g} s")
    for run in details["runs"]:
        print(
            f"  {run['bundles']:5} bundles: {run['wall_s']:6.2f} s, cpu {run['cpu_s']:6.2f} s, "
            f"peak {run['peak_bytes'] / 2**20:6.0f} MiB, goal {GOAL_BYTES / 2**20:.0f} MiB"
        )
    print(
        f"  growth: time ~ bundles^{details['growth_exponent']:.2f}, goal {MOST_GROWTH:g}; "
        f""
        f"{details['fixed_s']:.1f} s and {details['ms_per_bundle']:.1f} ms a bundle; "
        f"sealing took {details['sealing_s']:.1f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
