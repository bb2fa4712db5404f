"""The harness side of the scorer's process boundary: an engine, driven in its own process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from repro.catalog import read_scorer_card
from repro.environments import absence, interpreter, listing, made_from
from repro.errors import UsageError
from repro.records import Record
from repro.resources import scorer_dir
from repro.scoring.frechet import Extrapolation
from repro.workers.process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Network = Literal["fad", "clap"]

DESCRIBE_TIMEOUT_S = 300.0
LOAD_TIMEOUT_S = 1800.0
#: For one request of at most so many files or captions; a file takes 1.4 s on two cores.
REQUEST_TIMEOUT_S = 1800.0
FILES_PER_REQUEST = 64


class ScorerFacts(Record):
    """What a loaded scorer is. ``checkpoints`` are digests of the weights of each network.

    ``tokenizer`` is ``roberta-base``, or ``stub`` where random weights have no vocabulary;
    ``distance`` says whose function gives the point values of FAD.
    """

    engine: str
    size: Literal["full", "tiny"]
    weights: str
    device: str
    libraries: dict[str, str]
    embeddings: dict[Network, str]
    checkpoints: dict[Network, str]
    preparation: dict[Network, str]
    tokenizer: str
    distance: Literal["fadtk", "symmetric"]

    @property
    def demonstration(self) -> bool:
        """Whether the scores say nothing about the audio."""
        return self.weights == "random" or self.size == "tiny"


class ScorerProcess(WorkerProcess):
    """The worker of one engine.

    Args:
        engine: ``laion`` or ``transformers``.
        log: file that takes everything the worker prints.
        environment: variables set for the worker beside the inherited ones.

    Raises:
        UsageError: there is no such engine, or its environment is not installed.
        WorkerError: the worker does not start.

    """

    def __init__(self, engine: str, log: Path, environment: Mapping[str, str]) -> None:
        self._engine, folder = engine, scorer_dir()
        search_path = (folder, folder.parent)
        adapter = folder / f"{engine}_engine.py"
        super().__init__(find_interpreter(engine), adapter, search_path, log, environment)

    @property
    def lock_text(self) -> str:
        """The lock of the engine's environment, or what is installed in one that holds none."""
        lock = made_from(read_scorer_card().engines[self._engine])
        return listing(self.installed()) if lock is None else lock

    def describe(self) -> dict[str, Any]:
        """Return engine, libraries, networks and sizes, without loading anything."""
        value: dict[str, Any] = self.ask("describe", DESCRIBE_TIMEOUT_S)
        return value

    def load(self, **arguments: Any) -> ScorerFacts:
        """Load the networks; the arguments are those of ``Scorer.load``."""
        return ScorerFacts.model_validate(self.ask("load", LOAD_TIMEOUT_S, **arguments))

    def embed_audio(self, files: Sequence[str], outputs: Sequence[Path], network: Network) -> None:
        """Write the embedding of each file."""
        self.ask(
            "embed_audio", REQUEST_TIMEOUT_S, files=list(files),
            outputs=list(map(str, outputs)), network=network,
        )  # fmt: skip

    def embed_text(self, captions: Sequence[str], outputs: Sequence[Path]) -> None:
        """Write the embedding of each caption."""
        self.ask(
            "embed_text", REQUEST_TIMEOUT_S, captions=list(captions),
            outputs=list(map(str, outputs)),
        )  # fmt: skip

    def distance(
        self, reference: Sequence[Path], evaluation: Sequence[Path], seed: int, *,
        extrapolated: bool,
    ) -> tuple[float, Extrapolation | None]:  # fmt: skip
        """Return FAD of embeddings from those of a reference, and FAD-inf if wanted."""
        said = self.ask(
            "distance", REQUEST_TIMEOUT_S, reference=list(map(str, reference)),
            evaluation=list(map(str, evaluation)), seed=seed, extrapolated=extrapolated,
        )  # fmt: skip
        line = said["line"]
        if line is None:
            return said["plain"], None
        points = tuple((int(frames), float(value)) for frames, value in line.pop("points"))
        return said["plain"], Extrapolation(points=points, **line)


def find_interpreter(engine: str) -> Path:
    """Return the Python of an engine's environment.

    Raises:
        UsageError: there is no such engine, or its environment is not installed.

    """
    engines = read_scorer_card().engines
    if engine not in engines:
        raise UsageError(f"scorer: expected an engine of {', '.join(engines)}, found {engine!r}")
    python = interpreter(engines[engine])
    if not python.is_file():
        raise UsageError(f"scorer: engine {engine}: its {absence(engines[engine])}")
    return python
