"""A worker process: requests go in and replies come out, one JSON object a line.

Tensors never cross; file names and numbers do. Whatever goes wrong on the other side becomes
a :class:`~repro.errors.WorkerError` of a kind, which it lists.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from repro.errors import WorkerError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

#: What a model's code is not to see: it may be anybody's.
SECRETS = frozenset(("TTA_KEY_PASSPHRASE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"))
WORKER = Path(__file__).with_name("worker.py")
LOG_TAIL_LINES = 3
LOG_TAIL_BYTES = 4096
START_TIMEOUT_S = 300.0
INSTALLED_TIMEOUT_S = 300.0
#: How long a worker that has closed its output may take to end.
CRASH_TIMEOUT_S = 10.0


class WorkerProcess:
    """One worker process. Every call waits for its reply; a dead or silent worker raises.

    Args:
        interpreter: the Python that runs the worker.
        script: file whose class ``Adapter`` the worker drives.
        search_path: folders that the script imports from, first ones first.
        log: file that takes everything the worker prints.
        environment: variables set for the worker beside the inherited ones.

    """

    def __init__(
        self,
        interpreter: Path | str,
        script: Path,
        search_path: Sequence[Path],
        log: Path,
        environment: Mapping[str, str],
    ) -> None:
        self._log_path = log
        self._log: IO[bytes] = log.open("ab")
        self._log_begin = self._log.tell()
        self._pending = b""
        self._killed = False
        self._process = subprocess.Popen(  # noqa: S603 - the interpreter is that of the model
            [str(interpreter), str(WORKER), str(script), *map(str, search_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**_harmless(os.environ), **environment},
            start_new_session=True,  # Ctrl-C is for the harness, which ends the worker itself
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        try:
            self._receive("start", START_TIMEOUT_S)
        except BaseException:
            self.kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.kill()

    def kill(self) -> None:
        """End the worker and all it has started, whatever they are doing."""
        self._kill_group()
        self._process.wait()
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                with suppress(OSError):  # the other end has gone, or the disk is full
                    stream.close()

    def installed(self) -> tuple[str, ...]:
        """Return what is installed in the worker's environment, as ``name==version``, sorted."""
        return tuple(self.ask("installed", INSTALLED_TIMEOUT_S))

    @property
    def _stdout(self) -> IO[bytes]:
        if self._process.stdout is None:
            raise WorkerError("crash", "the worker has no output pipe")
        return self._process.stdout

    def ask(self, op: str, timeout_s: float, **args: Any) -> Any:
        """Have one request carried out and return the value of its reply.

        Raises:
            WorkerError: it failed, or the worker died, or did not answer in time.

        """
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

    def _kill_group(self) -> None:
        """Kill the worker's session: what it has started would go on drawing power.

        Once only, since the number may be another's when the session is gone.
        """
        if not self._killed:
            self._killed = True
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _crash(self, op: str) -> WorkerError:
        try:
            code = self._process.wait(CRASH_TIMEOUT_S)
            how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
            end = f"ended with {how}"
        except subprocess.TimeoutExpired:
            end = "closed its output and did not end"
        self._kill_group()
        said = " | ".join(self._log_tail())
        message = f"{op}: the worker {end}" + (f"; it said: {said}" if said else "")
        return WorkerError("crash", message)

    def _log_tail(self) -> list[str]:
        self._log.flush()
        with self._log_path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(self._log_begin, end - LOG_TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
        return [line.strip() for line in lines[-LOG_TAIL_LINES:] if line.strip()]


def _harmless(variables: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name not in SECRETS}
