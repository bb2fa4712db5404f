"""The harness side of the process boundary: a model's adapter, driven in its own process.

Tensors never cross; file names and numbers do. Whatever goes wrong on the other side becomes
a :class:`~repro.errors.WorkerError` of kind ``oom``, ``crash``, ``hang`` or ``error``.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from repro.errors import WorkerError
from repro.records import Record
from repro.resources import data_root

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.catalog import Model

WORKER = Path(__file__).with_name("worker.py")
LOG_TAIL_LINES = 3
LOG_TAIL_BYTES = 4096
DESCRIBE_TIMEOUT_S = 300.0
LOAD_TIMEOUT_S = 3600.0
REPLY_TIMEOUT_S = 300.0


class Generated(Record):
    """What one generation call made. ``seconds`` is per clip; shapes are the latent's."""

    clips: int
    seconds: float
    sample_rate_hz: int
    channels: int
    latent_shape: tuple[int, ...] | None
    denoiser_calls: int


class AdapterProcess:
    """One worker process. Every call waits for its reply; a dead or silent worker raises.

    Args:
        model: whose adapter to drive.
        log: file that takes everything the worker prints.
        environment: variables set for the worker beside the inherited ones.

    """

    def __init__(self, model: Model, log: Path, environment: Mapping[str, str]) -> None:
        self.model = model
        self._log_path = log
        self._log: IO[bytes] = log.open("ab")
        self._log_begin = self._log.tell()
        self._pending = b""
        self._process = subprocess.Popen(  # noqa: S603 - the interpreter is that of the model
            [str(model.interpreter or sys.executable), str(WORKER), str(model.adapter),
             str(model.folder), str(model.folder.parent), str(data_root() / "models")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C is for the harness, which ends the worker itself
        )  # fmt: skip
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        try:
            self._receive("start", DESCRIBE_TIMEOUT_S)
        except BaseException:
            self.kill()
            raise

    def describe(self, size: str) -> dict[str, Any]:
        """Return libraries, parameters by component, sample rate and channels, without loading."""
        value: dict[str, Any] = self._ask("describe", DESCRIBE_TIMEOUT_S, size=size)
        return value

    def refuse(self, **setting: Any) -> str | None:
        """Return why this setting cannot be measured, or None."""
        reason: str | None = self._ask("refuse", REPLY_TIMEOUT_S, **setting)
        return reason

    def load(self, **args: Any) -> dict[str, Any]:
        """Load the model onto its device and return what the adapter says of it."""
        value: dict[str, Any] = self._ask("load", LOAD_TIMEOUT_S, **args)
        return value

    def synchronise(self) -> None:
        """Return when the device has nothing left to do."""
        self._ask("synchronise", REPLY_TIMEOUT_S)

    def generate(self, *, timeout_s: float, **args: Any) -> dict[str, Any]:
        """Generate once; the reply is there when the device is done. Nothing is parsed here."""
        value: dict[str, Any] = self._ask("generate", timeout_s, **args)
        return value

    def save(self, paths: list[str]) -> None:
        """Write the clips generated last."""
        self._ask("save", REPLY_TIMEOUT_S, paths=paths)

    def kill(self) -> None:
        """End the worker, whatever it is doing."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                with suppress(OSError):  # the other end has gone, or the disk is full
                    stream.close()

    @property
    def _stdout(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise WorkerError("crash", "the worker has no output pipe")
        return self._process.stdout

    def _ask(self, op: str, timeout_s: float, **args: Any) -> Any:
        line = json.dumps({"op": op, "args": args}) + "\n"
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
        except BrokenPipeError:
            raise self._crash(op) from None
        return self._receive(op, timeout_s)

    def _receive(self, op: str, timeout_s: float) -> Any:
        line = self._read_line(op, timeout_s)
        reply = json.loads(line)
        if reply["ok"]:
            return reply["value"]
        with suppress(OSError):  # a full disk must not hide what the worker said
            self._log.write(reply["trace"].encode())
            self._log.flush()
        raise WorkerError(reply["kind"], f"{op}: {reply['message']}")

    def _read_line(self, op: str, timeout_s: float) -> bytes:
        while b"\n" not in self._pending:
            if not self._selector.select(timeout_s):
                self.kill()
                raise WorkerError("hang", f"{op}: no answer within {timeout_s:g} s")
            chunk = os.read(self._stdout.fileno(), 65536)
            if not chunk:
                raise self._crash(op)
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _crash(self, op: str) -> WorkerError:
        code = self._process.wait()
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        said = " | ".join(self._log_tail())
        message = f"{op}: the worker ended with {how}" + (f"; it said: {said}" if said else "")
        return WorkerError("crash", message)

    def _log_tail(self) -> list[str]:
        self._log.flush()
        with self._log_path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(self._log_begin, end - LOG_TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
        return [line.strip() for line in lines[-LOG_TAIL_LINES:] if line.strip()]
