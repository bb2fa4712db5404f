"""The child side of the process boundary: drives one adapter for the harness.

Runs under the interpreter of the model's environment, which need not be that of the harness:
standard library only, and no syntax newer than Python 3.9. Usage: ``worker.py ADAPTER [PATH ...]``,
where each PATH joins the module search path. One JSON object a line comes in and one goes out:

    {"op": "describe" | "refuse" | "load" | "synchronise" | "gpu_uuid" | "installed" | "generate" | "save" | "stages" | "record" | "replay" | "stop", "args": {}}
    {"ok": true, "value": ...} or {"ok": false, "kind": "oom" | "unwritten" | "error", "message": ..., "trace": ...}

An adapter that does not generate names its own requests in ``operations``.
"""  # noqa: E501

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import json
import os
import queue
import re
import signal
import sys
import threading
import time
import traceback
from contextlib import contextmanager, nullcontext
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: What the harness asks of an adapter, each with its arguments by name.
CONTRACT = {
    "describe": ("size",),
    "refuse": ("steps", "batch_size", "audio_s", "duration_mode"),
    "load": (
        "size", "weights", "device", "dtype", "attention", "audio_s", "duration_mode", "cache_dir",
        "seed",
    ),
    "generate": ("prompts", "negative_prompt", "steps", "audio_s", "seeds"),
}  # fmt: skip
OOM_SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "alloc_cpu")


class ContractError(Exception):
    """An adapter is not what the harness can drive."""


class Counter:
    """Counts the forward calls of a denoiser, through the hook every torch module offers."""

    def __init__(self) -> None:
        self.calls = 0

    def attach(self, denoiser: Any) -> None:
        """Count this denoiser's calls from now on.

        Raises:
            ContractError: it has no hook to count with.

        """
        if not callable(getattr(denoiser, "register_forward_pre_hook", None)):
            raise ContractError(
                "expected adapter.denoiser with register_forward_pre_hook once it is loaded, "
                f"found one of type {type(denoiser).__name__}"
            )
        denoiser.register_forward_pre_hook(self._count)

    def _count(self, *_: Any) -> None:
        self.calls += 1


class Recorder:
    """Keeps what the modules of each stage are called with, to call them again in that order.

    Inputs are copied, since a module may change what it is given, such as a cache of keys and
    values. What a module calls within its own call is part of that.
    """

    def __init__(self) -> None:
        self.calls: dict[str, list[tuple[Any, tuple[Any, ...], dict[str, Any]]]] = {}
        self._depth = 0

    @contextmanager
    def listening(self, stages: Mapping[str, Sequence[Any]]) -> Iterator[None]:
        """Keep the calls that are made until the end, and nothing of before."""
        self.calls, self._depth, handles = {name: [] for name in stages}, 0, []
        for calls, modules in zip(self.calls.values(), stages.values()):
            for module in modules:
                begin = self._begin(calls)
                handles.append(module.register_forward_pre_hook(begin, with_kwargs=True))
                handles.append(module.register_forward_hook(self._end))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def replay(self, stage: str) -> None:
        """Do the work of one stage again.

        Raises:
            RuntimeError: nothing was kept of it.

        """
        if not self.calls.get(stage):
            raise RuntimeError(f"stage {stage}: expected calls of its modules, found none")
        for module, args, named in self.calls[stage]:
            fresh = {name: unused(value) for name, value in named.items()}
            module(*map(unused, args), **fresh)

    def _begin(self, calls: list[Any]) -> Any:
        def keep(module: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
            if not self._depth:
                calls.append((module, *copy.deepcopy((args, named))))
            self._depth += 1

        return keep

    def _end(self, *_: Any) -> None:
        self._depth -= 1


class Worker:
    """One adapter, the audio it made last, the calls its denoiser and its stages have had."""

    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter
        self.counter = Counter()
        self.recorder = Recorder()
        self.generation: Any = None

    def describe(self, **args: Any) -> Any:
        """Return what the model is, without loading it."""
        return self.adapter.describe(**args)

    def refuse(self, **args: Any) -> Any:
        """Return why this setting cannot be measured, or None."""
        return self.adapter.refuse(**args)

    def load(self, **args: Any) -> Any:
        """Put the model onto its device and start counting."""
        facts = self.adapter.load(**args)
        self.counter.attach(getattr(self.adapter, "denoiser", None))
        synchronise()
        return facts

    def synchronise(self) -> None:
        """Wait until the device has nothing left to do."""
        synchronise()

    def gpu_uuid(self) -> Any:
        """Return the UUID of the GPU that torch computes on, or None where it has none."""
        torch = importlib.import_module("torch")
        return str(torch.cuda.get_device_properties(0).uuid) if torch.cuda.is_available() else None

    def installed(self) -> list[str]:
        """Return what is installed beside this interpreter, as ``name==version``, sorted.

        Of two that the search path has, the first is the one that is imported.
        """
        found: dict[str, str] = {}
        for one in metadata.distributions():
            name = one.metadata["Name"]  # None where somebody left half a distribution
            if name:
                found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), one.version)
        return [f"{name}=={version}" for name, version in sorted(found.items())]

    def generate(self, **args: Any) -> dict[str, Any]:
        """Generate once; the reply leaves when the device is done."""
        before = self.counter.calls
        self.generation = self.adapter.generate(**args)
        synchronise()
        made = self.generation
        return {
            "clips": made.clips,
            "seconds": made.seconds,
            "sample_rate_hz": made.sample_rate_hz,
            "channels": made.channels,
            "latent_shape": made.latent_shape,
            "denoiser_calls": self.counter.calls - before,
        }

    def save(self, paths: list[str]) -> None:
        """Write the clips generated last, one file each."""
        self.generation.write(paths)

    def stages(self) -> list[str]:
        """Return the stages of a generation that the adapter names, in its order."""
        return list(self._stages())

    def record(self, **args: Any) -> None:
        """Generate once and keep what each stage was called with; the audio is dropped."""
        with self.recorder.listening(self._stages()):
            self.adapter.generate(**args)
        synchronise()

    def replay(self, stage: str, least_s: float) -> dict[str, int]:
        """Do the work of one stage again and again until ``least_s`` have passed.

        As in a generation the device is not waited for in between.
        """
        begun_at, before, replays = time.perf_counter(), self.counter.calls, 0
        with without_gradients():
            while not replays or time.perf_counter() - begun_at < least_s:
                self.recorder.replay(stage)
                replays += 1
        synchronise()
        return {"replays": replays, "denoiser_calls": (self.counter.calls - before) // replays}

    def _stages(self) -> Mapping[str, Sequence[Any]]:
        found: Mapping[str, Sequence[Any]] = getattr(self.adapter, "stages", {})
        return found


def unused(value: Any) -> Any:
    """Return a tensor as it is, of anything else a copy: a call may change a cache."""
    torch = sys.modules.get("torch")
    return value if torch is not None and torch.is_tensor(value) else copy.deepcopy(value)


def without_gradients() -> Any:
    """Return what keeps torch, if it has been loaded, from preparing for training."""
    torch = sys.modules.get("torch")
    return torch.no_grad() if torch is not None else nullcontext()


def synchronise() -> None:
    """Wait for the accelerator, if torch has been loaded and has started one."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def load_adapter(path: str) -> Any:
    """Import the file and make its ``Adapter``.

    Raises:
        ContractError: it lacks a method, or an argument of one.

    """
    spec = importlib.util.spec_from_file_location("adapter", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"adapter: cannot be loaded from {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["adapter"] = module
    spec.loader.exec_module(module)
    adapter = module.Adapter()
    if not hasattr(adapter, "operations"):
        check_contract(adapter)
    return adapter


def check_contract(adapter: Any) -> None:
    """Raise unless an adapter takes everything that it will be asked."""
    for name, arguments in CONTRACT.items():
        expected = f"adapter: expected a method {name}({', '.join(arguments)})"
        method = getattr(adapter, name, None)
        if not callable(method):
            raise ContractError(f"{expected}, found none")
        try:
            inspect.signature(method).bind(**dict.fromkeys(arguments))
        except TypeError as error:
            raise ContractError(f"{expected}, found another: {error}") from error


def failure(error: Exception, op: str = "") -> dict[str, Any]:
    """Describe an exception for the harness; a file that cannot be saved is a kind of its own."""
    text = str(error)
    oom = isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__
    oom = oom or any(sign in text.lower() for sign in OOM_SIGNS)
    named = "" if isinstance(error, ContractError) else f"{type(error).__name__}: "
    kind = "unwritten" if op == "save" and isinstance(error, OSError) else "error"
    return {
        "ok": False,
        "kind": "oom" if oom else kind,
        "message": f"{named}{text}".splitlines()[0],
        "trace": traceback.format_exc(),
    }


def requests() -> Iterator[dict[str, Any]]:
    """Yield the requests; end the process at once when the harness has gone.

    A thread reads, so that a worker in the middle of a generation does not outlive its harness.
    """
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        end()

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield json.loads(lines.get())


def end() -> None:
    """End at once, with all that an adapter has started where the session is the worker's own."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(0)


def find(worker: Worker, op: str) -> Any:
    """Return what carries out a request: the adapter itself, where it offers to."""
    offered = getattr(worker.adapter, "operations", ())
    return getattr(worker.adapter if op in offered else worker, op)


def answer(worker: Worker, request: dict[str, Any]) -> str:
    """Carry out one request and return the line that replies to it."""
    try:
        value = find(worker, request["op"])(**request.get("args", {}))
        return json.dumps({"ok": True, "value": value})
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is reported, not fatal
        return json.dumps(failure(error, request["op"]))


def main() -> None:
    """Answer until told to stop."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library that prints must not corrupt the replies

    def reply(line: str) -> None:
        replies.write(line + "\n")
        replies.flush()

    adapter_path, *search_path = sys.argv[1:]
    sys.path[1:1] = search_path
    try:
        worker = Worker(load_adapter(adapter_path))
    except Exception as error:  # noqa: BLE001 - a broken adapter is reported like a failed request
        reply(json.dumps(failure(error)))
        return
    reply(json.dumps({"ok": True, "value": None}))
    for request in requests():
        if request["op"] == "stop":
            os._exit(0)
        reply(answer(worker, request))


if __name__ == "__main__":
    main()
