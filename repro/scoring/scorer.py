"""FAD and CLAP score of audio files, by networks in a worker process of their own.

    with Scorer("laion", cache=folder, log=log_file) as scorer:
        facts = scorer.load(weights="hub", device="cuda:0", size="full", seed=0)
        fad = scorer.fad(reference_files, generated_files, seed=0)      # Fad
        clap = scorer.clap(generated_files, captions)                   # cosine of each clip
        scorer.fad_interval(reference_files, generated_files, recordings)           # Interval
        scorer.fad_difference(reference_files, files_25, files_50, recordings)      # paired
    clap_interval(clap, recordings)                                     # Interval, of the mean
    clap_difference(clap_25, clap_50, recordings)                       # paired by clip

One scorer serves any number of sets: networks are loaded once, each file and caption is embedded
once for ever (the cache is by content, so a killed run goes on where it stopped), and the
statistics of a reference are taken once. The order of the files is the order of the draws of
FAD-inf: give them sorted. ``recordings`` names, for each clip, what it was generated for; clips
of one recording are resampled together.

Engines: ``laion`` (fadtk's functions and laion-clap, for every real score) and ``transformers``
(``ClapModel``, the cross-check, and light enough for a demonstration; WAV files alone). With
random weights, or at tiny size, scores are a demonstration: ``facts.demonstration``.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from repro.catalog import read_scorer_card
from repro.errors import UsageError
from repro.records import Record
from repro.scoring.embeddings import EmbeddingCache, digest_file, digest_text
from repro.scoring.frechet import LEAST_FRAMES, Reference, WeightedSet, extrapolate, pool
from repro.scoring.process import FILES_PER_REQUEST, ScorerProcess, find_interpreter
from repro.scoring.resampling import Estimate, Interval, difference, jackknife, mean_of, remembering
from repro.weights import find as find_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from repro.scoring.process import Network, ScorerFacts

Array = NDArray[np.floating[Any]]


class Fad(Record):
    """The distance of a set from its reference, on n clips and their frames.

    ``plain`` is ``raw`` without the slightly negative values that rounding makes. ``inf`` and
    what belongs to it are None below 500 frames; ``points`` are (frames, distance).
    """

    plain: float
    raw: float
    inf: float | None
    slope: float | None
    r2: float | None
    points: tuple[tuple[int, float], ...]
    seed: int
    n_clips: int
    n_frames: int
    reference_clips: int
    reference_frames: int


class Scorer:
    """The worker of an engine with its cache.

    Args:
        engine: ``laion`` or ``transformers``.
        cache: folder of embeddings; several scorers may share one.
        log: file that takes everything the worker prints.
        environment: variables set for the worker beside the inherited ones.

    Raises:
        UsageError: there is no such engine, or its environment is not installed.
        WorkerError: the worker does not start.

    """

    def __init__(
        self, engine: str, *, cache: Path, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._cache = EmbeddingCache(cache)
        self._facts: ScorerFacts | None = None
        self._references: dict[tuple[Path, ...], Reference] = {}
        self._values: defaultdict[tuple[tuple[Path, ...], tuple[Path, ...]], dict[bytes, float]] = (
            defaultdict(dict)
        )
        self._worker = ScorerProcess(engine, log, environment or {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    @property
    def lock_text(self) -> str:
        """The lock of the engine's environment, or what is installed in one that holds none."""
        return self._worker.lock_text

    def close(self) -> None:
        """End the worker."""
        self._worker.kill()

    def describe(self) -> dict[str, Any]:
        """Return engine, libraries, networks and sizes, without loading anything."""
        return self._worker.describe()

    def load(
        self,
        *,
        weights: str,
        device: str,
        size: str = "full",
        seed: int = 0,
        networks: Sequence[Network] = ("fad", "clap"),
    ) -> ScorerFacts:
        """Load the networks and return what is there.

        Args:
            weights: ``random``, ``hub`` (the pinned checkpoints, from the cache) or a folder.
            device: ``cpu`` or ``cuda:N``.
            size: ``full``, or ``tiny`` for a test of the engine ``transformers``.
            seed: of random weights.
            networks: those that will be asked.

        Raises:
            WorkerError: weights are missing or do not fit, or the device is not there.

        """
        self._facts = self._worker.load(
            weights=weights, device=device, size=size, seed=seed, networks=list(networks)
        )
        return self._facts

    @property
    def facts(self) -> ScorerFacts:
        """What was loaded.

        Raises:
            UsageError: nothing was.

        """
        if self._facts is None:
            raise UsageError("scorer: nothing is loaded; load comes before any score")
        return self._facts

    def embed_audio(
        self, files: Sequence[Path], network: Network, *,
        advance: Callable[[int], None] | None = None,
    ) -> list[Path]:  # fmt: skip
        """Return the ``.npy`` file of each audio file's embedding, made where it is missing.

        ``fad``: float16 (windows, width), one window a second of the first 10 s. ``clap``:
        float32 (width,). All of length 1.

        Args:
            files: audio files, any rate and channels that the engine reads.
            network: which embedding.
            advance: told how many files are done, after each request.

        Raises:
            WorkerError: a file cannot be read or is empty, or the worker fails.

        """
        content = [(digest_file(path), str(path)) for path in files]
        settings = self._settings("embed_audio", network)
        return self._embed(content, settings, partial(self._worker.embed_audio, network=network),
                           advance)  # fmt: skip

    def embed_text(
        self, captions: Sequence[str], *, advance: Callable[[int], None] | None = None
    ) -> list[Path]:
        """Return the ``.npy`` file of each caption's embedding, float32 (width,), of length 1.

        Raises:
            WorkerError: the worker fails.

        """
        content = [(digest_text(caption), caption) for caption in captions]
        settings = self._settings("embed_text", "clap")
        return self._embed(content, settings, self._worker.embed_text, advance)

    def fad(self, reference: Sequence[Path], evaluation: Sequence[Path], *, seed: int) -> Fad:
        """Return the Fréchet audio distance of a set from its reference.

        Point values are those of fadtk's own functions where the engine has them, else of the
        symmetric form of :mod:`repro.scoring.frechet`.

        Args:
            reference: audio files of the real clips.
            evaluation: audio files of the generated clips, in the order to draw from.
            seed: of the draws of FAD-inf.

        Raises:
            TtaError: a set has fewer than two windows.
            WorkerError: a file cannot be read, or the worker fails.

        """
        known, clips = self._embedded(reference, "fad"), self._embedded(evaluation, "fad")
        frames = [np.load(path) for path in clips]
        ours = self._reference(known)
        count = sum(map(len, frames))
        if self.facts.distance == "fadtk":
            raw, line = self._worker.distance(
                known, clips, seed, extrapolated=count >= LEAST_FRAMES
            )
        else:
            raw = ours.distance(pool(frames))
            enough = count >= LEAST_FRAMES
            line = extrapolate(ours, np.concatenate(frames), seed) if enough else None
        return Fad(
            plain=max(raw, 0.0),
            raw=raw,
            inf=line.value if line else None,
            slope=line.slope if line else None,
            r2=line.r2 if line else None,
            points=line.points if line else (),
            seed=seed,
            n_clips=len(clips),
            n_frames=count,
            reference_clips=len(known),
            reference_frames=ours.gaussian.frames,
        )

    def clap(self, files: Sequence[Path], captions: Sequence[str]) -> tuple[float, ...]:
        """Return the cosine between each clip and its caption; their mean is the CLAP score.

        Raises:
            UsageError: there are not as many captions as files.
            WorkerError: a file cannot be read, or the worker fails.

        """
        if len(files) != len(captions):
            raise UsageError(f"clap: expected {len(files)} captions, found {len(captions)}")
        pairs = zip(self.embed_audio(files, "clap"), self.embed_text(captions), strict=True)
        return tuple(_cosine(np.load(audio), np.load(text)) for audio, text in pairs)

    def fad_interval(
        self, reference: Sequence[Path], evaluation: Sequence[Path], recordings: Sequence[str]
    ) -> Interval:
        """Return plain FAD with its jackknife interval over recordings; the reference is fixed."""
        return jackknife(self._estimate(reference, evaluation), recordings)

    def fad_difference(
        self, reference: Sequence[Path], one: Sequence[Path], other: Sequence[Path],
        recordings: Sequence[str],
    ) -> Interval:  # fmt: skip
        """Return plain FAD of ``one`` less that of ``other``, clip by clip for the same captions.

        Raises:
            UsageError: the sets are not of the same number of clips.

        """
        if len(one) != len(other):
            raise UsageError(
                f"fad: expected two sets of one length, found {len(one)}, {len(other)}"
            )
        estimate = difference(self._estimate(reference, one), self._estimate(reference, other))
        return jackknife(estimate, recordings)

    def _estimate(self, reference: Sequence[Path], evaluation: Sequence[Path]) -> Estimate:
        known, files = self._embedded(reference, "fad"), self._embedded(evaluation, "fad")
        # A set is read when a value is not known yet: many sets would fill the memory.
        clips = cache(lambda: WeightedSet([np.load(path) for path in files]))
        return remembering(
            lambda weights: self._reference(known).distance(clips().weigh(weights)),
            self._values[known, files],
        )

    def _embedded(self, files: Sequence[Path], network: Network) -> tuple[Path, ...]:
        return tuple(self.embed_audio(files, network))

    def _reference(self, embeddings: tuple[Path, ...]) -> Reference:
        if embeddings not in self._references:
            self._references[embeddings] = Reference(pool([np.load(path) for path in embeddings]))
        return self._references[embeddings]

    def _embed(
        self, content: Sequence[tuple[str, str]], settings: Mapping[str, str],
        embed: Callable[[list[str], list[Path]], None], advance: Callable[[int], None] | None,
    ) -> list[Path]:  # fmt: skip
        targets = [self._cache.locate(digest, settings) for digest, _ in content]
        texts = (text for _, text in content)
        waiting = dict(zip(targets, texts, strict=True))
        waiting = {target: text for target, text in waiting.items() if not target.is_file()}
        done = len(content) - len(waiting)
        for start in range(0, len(waiting), FILES_PER_REQUEST):
            part = list(waiting)[start : start + FILES_PER_REQUEST]
            for target in part:
                target.parent.mkdir(parents=True, exist_ok=True)
            embed([waiting[target] for target in part], part)
            done += len(part)
            if advance:
                advance(done)
        return targets

    def _settings(self, op: str, network: Network) -> dict[str, str]:
        facts = self.facts
        if network not in facts.checkpoints:
            raise UsageError(f"scorer: the network {network} is not loaded")
        return {
            "what": op,
            "network": network,
            "engine": facts.engine,
            "checkpoint": facts.checkpoints[network],
            "preparation": facts.preparation[network],
            "tokenizer": facts.tokenizer,
            "device": facts.device.partition(":")[0],
            "libraries": str(sorted(facts.libraries.items())),
        }


def lacking(engine: str, weights: str) -> str | None:
    """Return what an engine lacks to score with, and the remedy; None where it has all."""
    try:
        find_interpreter(engine)
    except UsageError as error:
        return str(error)
    checkpoints = read_scorer_card().checkpoints if weights == "hub" else ()
    missing = [one.name for one in checkpoints if find_weights(one) is None]
    if missing:
        return (
            f"scorer: expected the weights of {' and '.join(missing)}, found none: fetch them with "
            f"`tta-energy weights fetch {missing[0]}`"
        )
    return None


def clap_interval(values: Sequence[float], recordings: Sequence[str]) -> Interval:
    """Return the CLAP score of a set, the mean over its clips, with its jackknife interval."""
    return jackknife(mean_of(values), recordings, blocks=len(recordings))


def clap_difference(
    one: Sequence[float], other: Sequence[float], recordings: Sequence[str]
) -> Interval:
    """Return the CLAP score of ``one`` less that of ``other``, paired by caption."""
    return jackknife(difference(mean_of(one), mean_of(other)), recordings, blocks=len(recordings))


def _cosine(one: Array, other: Array) -> float:
    one, other = one.astype(np.float64), other.astype(np.float64)
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
