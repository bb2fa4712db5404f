"""The child side of the process boundary: drives one adapter for the harness.

Runs under the interpreter of the model's environment, which need not be that of the harness:
standard library only, and no syntax newer than Python 3.9. Usage: ``worker.py ADAPTER [PATH ...]``,
where each PATH joins the module search path. One JSON object a line comes in and one goes out:

    {"op": "describe" | "refuse" | "load" | "synchronise" | "gpu_uuid" | "generate" | "save" | "stop", "args": {}}
    {"ok": true, "value": ...} or {"ok": false, "kind": "oom" | "error", "message": ..., "trace": ...}

An adapter that does not generate names its own requests in ``operations``.
"""  # noqa: E501

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import queue
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OOM_SIGNS = ("out of memory", "can't allocate memory", "cannot allocate memory", "alloc_cpu")


class Counter:
    """Counts the forward calls of a denoiser, through the hook every torch module offers."""

    def __init__(self) -> None:
        self.calls = 0

    def attach(self, denoiser: Any) -> None:
        """Count this denoiser's calls from now on."""
        denoiser.register_forward_pre_hook(self._count)

    def _count(self, *_: Any) -> None:
        self.calls += 1


class Worker:
    """One adapter, the audio it made last, and the calls its denoiser has had."""

    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter
        self.counter = Counter()
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
        self.counter.attach(self.adapter.denoiser)
        synchronise()
        return facts

    def synchronise(self) -> None:
        """Wait until the device has nothing left to do."""
        synchronise()

    def gpu_uuid(self) -> Any:
        """Return the UUID of the GPU that torch computes on, or None where it has none."""
        torch = importlib.import_module("torch")
        return str(torch.cuda.get_device_properties(0).uuid) if torch.cuda.is_available() else None

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


def synchronise() -> None:
    """Wait for the accelerator, if torch has been loaded and has started one."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.synchronize()


def load_adapter(path: str) -> Any:
    """Import the file and make its ``Adapter``."""
    spec = importlib.util.spec_from_file_location("adapter", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"adapter: cannot be loaded from {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules["adapter"] = module
    spec.loader.exec_module(module)
    return module.Adapter()


def failure(error: Exception) -> dict[str, Any]:
    """Describe an exception for the harness."""
    text = str(error)
    oom = isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__
    oom = oom or any(sign in text.lower() for sign in OOM_SIGNS)
    return {
        "ok": False,
        "kind": "oom" if oom else "error",
        "message": f"{type(error).__name__}: {text}".splitlines()[0],
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
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield json.loads(lines.get())


def find(worker: Worker, op: str) -> Any:
    """Return what carries out a request: the adapter itself, where it offers to."""
    offered = getattr(worker.adapter, "operations", ())
    return getattr(worker.adapter if op in offered else worker, op)


def answer(worker: Worker, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out one request."""
    try:
        return {"ok": True, "value": find(worker, request["op"])(**request.get("args", {}))}
    except Exception as error:  # noqa: BLE001 - whatever an adapter raises is reported, not fatal
        return failure(error)


def main() -> None:
    """Answer until told to stop."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library that prints must not corrupt the replies

    def reply(value: dict[str, Any]) -> None:
        replies.write(json.dumps(value) + "\n")
        replies.flush()

    adapter_path, *search_path = sys.argv[1:]
    sys.path[1:1] = search_path
    try:
        worker = Worker(load_adapter(adapter_path))
    except Exception as error:  # noqa: BLE001 - a broken adapter is reported like a failed request
        reply(failure(error))
        return
    reply({"ok": True, "value": None})
    for request in requests():
        if request["op"] == "stop":
            os._exit(0)
        reply(answer(worker, request))


if __name__ == "__main__":
    main()
