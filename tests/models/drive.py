"""Talk to an adapter as the harness does: through the worker, in the model's interpreter."""

from __future__ import annotations

import array
import json
import os
import subprocess
import sys
import tomllib
import wave
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "models"
EXAMPLES = Path(__file__).parent / "example_models"
WORKER = ROOT / "repro" / "workers" / "worker.py"


def find_interpreter(environment):
    """Return the interpreter of an environment; skip where none was installed or named."""
    if environment == "plain":
        return sys.executable
    python = interpreter(environment)
    if not python.is_file():
        named = "TTA_ENVS" in os.environ
        (pytest.fail if named else pytest.skip)(f"environment {environment} is not installed")
    return str(python)


def interpreter(environment):
    """Return where the interpreter of an environment is, if it is installed."""
    home = os.environ.get("TTA_ENVS") or ROOT / ".envs"
    return Path(home) / environment / "bin" / "python"


def quiet_cores():
    """Return an environment with one thread: tiny networks lose time to more on a busy machine."""
    return {**os.environ, "OMP_NUM_THREADS": "1"}


class Driver:
    """One worker process with its adapter; ``noise`` is what it wrote beside its answers."""

    def __init__(self, folder, environment, log) -> None:
        self.log = log
        command = [
            find_interpreter(environment),
            "-W",
            "error",
            WORKER,
            folder / "adapter.py",
            MODELS,
        ]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with log.open("wb") as stderr:
            self.process = subprocess.Popen(command, stderr=stderr, env=quiet_cores(), **pipes)
        assert self.read_answer()["ok"], self.noise

    def ask(self, op, **args: object):
        """Return the whole answer."""
        self.process.stdin.write(json.dumps({"op": op, "args": args}) + "\n")
        self.process.stdin.flush()
        return self.read_answer()

    def get(self, op, **args: object):
        """Return the value of an answer that must be good."""
        reply = self.ask(op, **args)
        assert reply["ok"], reply
        return reply["value"]

    def read_answer(self):
        return json.loads(self.process.stdout.readline())

    @property
    def noise(self):
        return self.log.read_text()

    def load(self, **changes: object):
        return self.get("load", **settings(**changes))

    def refusal(self, **changes: object):
        """Return why ``load`` fails."""
        reply = self.ask("load", **settings(**changes))
        assert not reply["ok"]
        assert reply["kind"] == "error"
        return reply["message"]

    def generate(self, **changes: object):
        request = {
            "prompts": ["rain"],
            "negative_prompt": "Low quality.",
            "steps": 2,
            "audio_s": 0.64,
            "seeds": [0],
        }
        return self.get("generate", **{**request, **changes})

    def audio(self, folder, **changes: object):
        """Generate, save, and return the samples of each clip."""
        made = self.generate(**changes)
        paths = [str(folder / f"{index}.wav") for index in range(made["clips"])]
        self.get("save", paths=paths)
        return [read_wav(path)[1] for path in paths]

    def refuses(self, **changes: object):
        """Return why a setting cannot be had, or None."""
        usual = {"steps": 10, "batch_size": 1, "audio_s": 10.0, "duration_mode": "paper"}
        return self.get("refuse", **{**usual, **changes})

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(timeout=20)


def settings(**changes: object):
    """Return the arguments of ``load``."""
    usual = {
        "size": "tiny",
        "weights": "random",
        "device": "cpu",
        "dtype": "float32",
        "attention": "sdpa",
        "audio_s": 0.64,
        "duration_mode": "paper",
        "cache_dir": None,
        "seed": 0,
    }
    return {**usual, **changes}


def read_wav(path):
    """Return (rate, width, channels) and the samples as 16-bit integers."""
    with wave.open(str(path), "rb") as file:
        form = file.getframerate(), file.getsampwidth(), file.getnchannels()
        return form, array.array("h", file.readframes(file.getnframes()))


def distance(one, other):
    """Return the largest difference between samples of the same place."""
    assert len(one) == len(other)
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def run_script(name, *arguments, environment="diffusers"):
    """Run a script of this folder in the interpreter of an environment."""
    command = [find_interpreter(environment), Path(__file__).parent / name, MODELS, *arguments]
    subprocess.run(command, check=True, timeout=120, env=quiet_cores())


def read_parameters(folder):
    """Return the parameters that ``model.toml`` states, by component."""
    return tomllib.loads((folder / "model.toml").read_text())["parameters"]
