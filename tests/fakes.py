"""Model folders made for a test: real adapters for the real worker, with no libraries to load.

``write_model`` writes a model whose behaviour hangs on the steps asked for, so that one run can
hold every misfortune.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

CRASHES, HANGS, RUNS_OUT_OF_MEMORY, RAISES, REFUSES = 13, 14, 15, 16, 17

CARD = """
name = "{name}"
title = "Fake"
in_paper = false
environment = "{environment}"
checkpoint = "none"
licence = "Apache-2.0"
dtype = "float32"
sample_rate_hz = 8000
channels = 1
parameters = {{ denoiser = 3 }}
flops = {{ denoising = 6 }}
"""

ADAPTER = """
import os, signal, sys, time, wave

SLEEP_S = {sleep_s}
{extra}

class Handle:
    def __init__(self, hooks, hook):
        self.hooks, self.hook = hooks, hook
    def remove(self):
        self.hooks.remove(self.hook)

class Module:
    def __init__(self, cost_s=0.0):
        self.before, self.after, self.cost_s = [], [], cost_s
    def register_forward_pre_hook(self, hook, *, with_kwargs=False):
        taken = (lambda *given: hook(*given)) if with_kwargs else (lambda m, a, n: hook(m, a))
        self.before.append(taken)
        return Handle(self.before, taken)
    def register_forward_hook(self, hook):
        self.after.append(hook)
        return Handle(self.after, hook)
    def __call__(self, *args, **named):
        for hook in list(self.before):
            hook(self, args, named)
        time.sleep(self.cost_s)
        for hook in list(self.after):
            hook(self, args, None)

STAGES = {stages!r}

class Generation:
    latent_shape = [1, 4]
    sample_rate_hz = 8000
    channels = 1
    def __init__(self, seeds, audio_s):
        self.seeds, self.seconds, self.clips = seeds, audio_s, len(seeds)
    def write(self, paths):
        {on_write}
        for seed, path in zip(self.seeds, paths):
            with wave.open(path, "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(self.sample_rate_hz)
                out.writeframes(bytes([seed % 256, 0]) * int(self.seconds * self.sample_rate_hz))

class Adapter:
    def describe(self, *, size):
        print("a library prints this")
        return {{"libraries": {{"fake": {version!r}}}, "parameters": {{"denoiser": 3}},
                "sample_rate_hz": 8000, "channels": 1}}
    def refuse(self, *, steps, batch_size, audio_s, duration_mode):
        if duration_mode == "exact":
            return "the latent has one size"
        return "seventeen steps are too many" if steps == 17 else None
    def load(self, **args):
        {on_load}
        self.denoiser = Module(STAGES.get("denoising", 0.0))
        if STAGES:
            self.stages = {{name: [Module(cost_s)] for name, cost_s in STAGES.items()}}
            self.stages["denoising"] = [self.denoiser]
        return {{"dtype": args["dtype"], "attention": args["attention"], "device": args["device"],
                "weights": args["weights"]}}
    def generate(self, *, prompts, negative_prompt, steps, audio_s, seeds):
        {on_generate}
        time.sleep(SLEEP_S)
        for _ in range(steps):
            self.denoiser()
        for name, cost_s in STAGES.items():
            if name != "denoising" and cost_s is not None:
                self.stages[name][0](["input"], mask=None)
        if steps == 13:
            print("about to die", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        if steps == 14:
            time.sleep(3600)
        if steps == 15:
            raise MemoryError("CUDA out of memory: tried to allocate 2 GiB")
        if steps == 16:
            raise ValueError("shapes do not match")
        return Generation(seeds, audio_s)
"""


def write_model(
    root, name="fake", *, sleep_s=0.0, version="1.0", on_load="pass", on_write="pass",
    on_generate="pass", extra="", stages=None, environment="plain",
):  # fmt: skip
    """Write a model folder below ``root`` and return ``root``, for ``--models-dir``.

    ``stages`` are those it names, each with the seconds of one call; at None it is never called.
    """
    folder = Path(root) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.toml").write_text(CARD.format(name=name, environment=environment))
    text = ADAPTER.format(
        sleep_s=sleep_s,
        version=version,
        on_load=on_load,
        on_write=on_write,
        on_generate=on_generate,
        extra=extra,
        stages=stages or {},
    )
    (folder / "adapter.py").write_text(text)
    return Path(root)


def command(*arguments):
    """Return the command line of ``tta-energy`` under this interpreter."""
    return [sys.executable, "-m", "repro", *map(str, arguments)]


def environment(**extra):
    """Return the environment of a user who has configured nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CODECARBON")}
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


def tta(*arguments, **options):
    """Run ``tta-energy`` to its end and return what it said."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        **options,
    )


def fake_run(models_dir, out, *arguments, name="fake"):
    """Return the arguments of a run of the fake model on the simulated GPU."""
    return [
        "full", "--model", name, "--models-dir", models_dir, "--out", out,
        "--weights", "random", "--device", "simulated", "--no-score", *arguments,
    ]  # fmt: skip


def journal_of(out):
    """Return the records of the only journal in an output folder."""
    (path,) = Path(out).glob("*/journal.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows_of(out):
    """Return the rows of the only journal in an output folder."""
    return [record["window"]["row"] for record in journal_of(out) if record["kind"] == "window"]
