"""The output folder: one bundle per run, and beside it the folder of its journal and audio.

OUT/<model>_<protocol>_<id8>.zip
OUT/<model>_<protocol>_<id8>/journal.jsonl, audio/, worker.log
OUT/references/                 recordings of captions that come with the program
"""

from __future__ import annotations

import fcntl
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from repro.errors import TtaError, UsageError
from repro.files import write_atomically
from repro.image import inside_image, is_mounted
from repro.measuring.journal import read_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from repro.records import Environment, Run
    from repro.request import Request

JOURNAL = "journal.jsonl"
SALT = ".salt"
LOCK = ".lock"


def prepare(out: Path) -> None:
    """Make the output folder and prove that it can be written, and that it lasts.

    Raises:
        TtaError: it cannot, or it would go with the container.

    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=out) as probe:
            probe.write(b"x")
            probe.flush()
    except OSError as error:
        raise TtaError(
            f"out: expected a folder that can be written, found {out}: {error.strerror}; "
            "name another with --out"
        ) from error
    if inside_image() and not is_mounted(out):
        raise TtaError(
            f"out: expected a folder mounted into the container, found {out} inside it, where "
            f'results would be lost; start the container with -v "$PWD/out:{out.absolute()}"'
        )


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a lock for the length of a run; it goes with the process, however that ends.

    Raises:
        TtaError: another process holds it, or it cannot be locked.

    """
    with _open_lock(path, what) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TtaError(
                f"{what}: another run is using it; wait for it to end or choose another"
            ) from error
        except OSError as error:
            raise _unlockable(path, what, error) from error
        yield


def _open_lock(path: Path, what: str) -> IO[str]:
    try:
        try:
            return path.open("a")
        except PermissionError:  # another user's, from an earlier run: to read it is enough
            return path.open()
    except OSError as error:
        raise _unlockable(path, what, error) from error


def _unlockable(path: Path, what: str, error: OSError) -> TtaError:
    return TtaError(f"{what}: expected a lock on {path}, found: {error.strerror}; see to that file")


def gpu_lock(uuid: str) -> Path:
    """Return the lock file of a GPU, shared by all runs that share the folder of temporary files.

    A container has one of its own: between containers the checks for other processes, memory and
    utilisation stand in for it, which see another run once its model is on the GPU.
    """
    return Path(tempfile.gettempdir()) / f"tta-energy-{uuid}.lock"


def salt(out: Path) -> bytes:
    """Return the secret that this folder's GPU identities are hashed with."""
    path = out / SALT
    if not path.exists():
        write_atomically(path, secrets.token_bytes(16))
    return path.read_bytes()


def find_folders(out: Path, request: Request) -> list[Path]:
    """Return the folders that may hold an earlier run of the same request, the likely one first.

    A journal whose header cannot be read does not say what it is of, and may be. Damage further
    down is no reason to stop a run of another request.
    """
    journals = sorted(out.glob(f"{request.model}_*/{JOURNAL}"))
    asked = {path.parent: _asked_for(path) for path in journals}
    same = [folder for folder, found in asked.items() if found == request.identity()]
    return same + [folder for folder, found in asked.items() if found is None]


def _asked_for(journal: Path) -> dict[str, Any] | None:
    try:
        return read_header(journal).request
    except TtaError:
        return None


def new_folder(out: Path, request: Request, run_id: str) -> Path:
    """Return the folder a new run is to have."""
    return out / f"{request.model}_{request.protocol.name}_{run_id[:8]}"


def set_aside(folder: Path) -> Path:
    """Move an earlier run out of the way, kept whole, and return where it is now."""
    for number in range(1, 1000):
        kept = folder.parent / "superseded" / f"{folder.name}.{number}"
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            folder.rename(kept)
            for suffix in (".zip", "_score.zip"):
                bundle = folder.with_name(folder.name + suffix)
                if bundle.exists():
                    bundle.rename(kept.with_name(kept.name + suffix))
            return kept
    raise TtaError(f"out: {folder.parent}/superseded is full of earlier runs; clear it")


def drop_strays(audio: Path, run: Run) -> None:
    """Remove clips that no row names: a crash may come between a clip and its record."""
    named = {clip.name for entry in run.entries for clip in entry.audio}
    for path in audio.glob("*.wav"):
        if path.name not in named:
            path.unlink()


def check_conditions(earlier: Run, environment: Environment, lock_text: str, card: str) -> None:
    """Raise unless a run can go on under the conditions it began with.

    Raises:
        UsageError: hardware, driver, libraries, weights or a pinned file differ.

    """
    began = earlier.header.environment
    pairs = {
        "gpu": (_gpu(began), _gpu(environment)),
        "cpu": (began.machine.cpu, environment.machine.cpu),
        "libraries": (began.model.libraries, environment.model.libraries),
        "weights": (began.model.weights_sha256, environment.model.weights_sha256),
        "requirements.lock": (earlier.header.requirements_lock, lock_text),
        "model.toml": (earlier.header.model_toml, card),
    }
    for name, (expected, found) in pairs.items():
        if expected != found:
            raise UsageError(
                f"resume: {name} has changed: expected {_short(expected)}, found {_short(found)}; "
                "measure anew with --restart or another --out"
            )


def _gpu(environment: Environment) -> str | None:
    gpu = environment.machine.gpu
    return None if gpu is None else f"{gpu.name}, driver {gpu.driver}, {gpu.identity}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 120 else f"{text[:100]}... ({len(text)} characters)"  # noqa: PLR2004
