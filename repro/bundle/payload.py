"""The files under ``data/`` that hold a run, and the run read back from them.

A bundle is a pure function of its journal: the same run gives the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.bundle import columns, privacy, traces
from repro.bundle.bag import sha256
from repro.bundle.columns import Read
from repro.bundle.texts import (
    json_text,
    read_json,
    read_table,
    read_text,
    read_toml,
    require,
)
from repro.captions.items import list_sha256
from repro.records import (
    Caption,
    Clip,
    Environment,
    JournalHeader,
    Reading,
    Record,
    Run,
    Score,
    Session,
    SourceFile,
    Window,
    WindowEntry,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROTOCOL = "protocol.toml"
MODEL = "model.toml"
LOCK = "requirements.lock"
ENVIRONMENT = "environment.json"
RUN = "run.json"
MEASUREMENTS = "measurements.csv"
READS = "traces/reads.csv"
AUDIO = "audio.csv"
CAPTIONS = "captions.csv"
SCORES = "scores.csv"
SOURCES = "sources.csv"
AUDIO_FOLDER = "audio/"

TABLES: dict[str, type[Record]] = {MEASUREMENTS: Window, READS: Read, AUDIO: Clip}
REQUIRED = (PROTOCOL, MODEL, LOCK, ENVIRONMENT, RUN, *TABLES)
# a run that generates from captions says which; an imported one has its sources, and scores
# where the publication does
OPTIONAL_TABLES: dict[str, type[Record]] = {CAPTIONS: Caption, SCORES: Score, SOURCES: SourceFile}


class RunFacts(Record):
    """``run.json``: what was asked for, and the worker processes it took."""

    request: dict[str, Any]
    planned_windows: int
    sessions: tuple[Session, ...]


def write(run: Run) -> dict[str, bytes]:
    """Make the files of a run, named relative to ``data/``."""
    header = run.header
    facts = RunFacts(
        request=privacy.clean_request(header.request),
        planned_windows=header.planned_windows,
        sessions=run.sessions,
    )
    return {
        PROTOCOL: privacy.clean_copy(header.protocol_toml).encode(),
        MODEL: privacy.clean_copy(header.model_toml).encode(),
        LOCK: privacy.clean_copy(header.requirements_lock).encode(),
        ENVIRONMENT: json_text(_clean_environment(header.environment)),
        RUN: json_text(facts.model_dump(mode="json")),
        MEASUREMENTS: columns.write(Window, (_clean_row(entry.row) for entry in run.entries)),
        READS: columns.write(Read, _reads(run.entries)),
        AUDIO: columns.write(Clip, (clip for entry in run.entries for clip in entry.audio)),
        **_captions(run),
        **traces.write(run.entries),
        **_imported(run),
    }


def read(files: Mapping[str, bytes]) -> Run:
    """Read the run back from its files.

    Raises:
        ValueError: naming the file that is missing, malformed or at odds with another.

    """
    require(files, REQUIRED)
    environment = read_json(Environment, files, ENVIRONMENT)
    facts = read_json(RunFacts, files, RUN)
    header = JournalHeader(
        run_id=environment.run_id,
        request=facts.request,
        environment=environment,
        protocol_toml=read_toml(files, PROTOCOL),
        model_toml=read_toml(files, MODEL),
        requirements_lock=read_text(files, LOCK),
        planned_windows=facts.planned_windows,
        captions=read_table(Caption, files, CAPTIONS) if CAPTIONS in files else (),
    )
    run = Run(
        header=header,
        sessions=facts.sessions,
        entries=tuple(_entries(files)),
        scores=read_table(Score, files, SCORES) if SCORES in files else (),
        sources=read_table(SourceFile, files, SOURCES) if SOURCES in files else (),
    )
    _check_audio(run, files)
    check_origin(run)
    _check_captions(run)
    _check_scores(run)
    return run


def tables(files: Mapping[str, bytes]) -> dict[str, type[Record]]:
    """Return the tables among the files of a run, each with what its rows are."""
    return {name: record for name, record in (TABLES | OPTIONAL_TABLES).items() if name in files}


def check_origin(run: Run) -> None:
    """Insist that an imported run says where it comes from, and that no other run does.

    Raises:
        ValueError: naming what is missing or too much.

    """
    environment = run.header.environment
    if environment.imported:
        if environment.origin is None or not run.sources:
            raise ValueError("an imported run expected its origin and its sources, found none")
        return
    if environment.origin is not None or run.sources or run.scores:
        raise ValueError("a run that is not imported expected no origin, sources or scores")


def _captions(run: Run) -> dict[str, bytes]:
    captions = run.header.captions
    return {CAPTIONS: columns.write(Caption, captions)} if captions else {}


def _imported(run: Run) -> dict[str, bytes]:
    files = {}
    if run.scores:
        files[SCORES] = columns.write(Score, run.scores)
    if run.sources:
        files[SOURCES] = columns.write(SourceFile, run.sources)
    return files


def _clean_environment(environment: Environment) -> dict[str, Any]:
    values = environment.model_dump(mode="json", by_alias=True)
    # the nonce is compared letter by letter with what a reviewer handed out
    return {**privacy.clean_value(values), "challenge": environment.challenge}


def _clean_row(row: Window) -> Window:
    texts = {name: getattr(row, name) for name in ("detail", "disturbances")}
    cleaned = {name: privacy.clean_text(text) for name, text in texts.items() if text is not None}
    return row.model_copy(update=cleaned)


def _reads(entries: Iterable[WindowEntry]) -> Iterable[Read]:
    for entry in entries:
        for reading in entry.readings:
            yield Read(window=entry.row.window, **reading.model_dump())


def _entries(files: Mapping[str, bytes]) -> Iterable[WindowEntry]:
    rows = read_table(Window, files, MEASUREMENTS)
    windows = {row.window for row in rows}
    readings: dict[int, list[Reading]] = {}
    for read_ in read_table(Read, files, READS):
        reading = Reading(**read_.model_dump(exclude={"window"}))
        readings.setdefault(read_.window, []).append(reading)
    audio: dict[int, list[Clip]] = {}
    for clip in read_table(Clip, files, AUDIO):
        audio.setdefault(clip.window, []).append(clip)
    traced = traces.read(files)
    strays = (readings.keys() | audio.keys() | traced.keys()) - windows
    if strays:
        raise ValueError(f"{MEASUREMENTS}: no row for window {min(strays)} of another table")
    for row in rows:
        yield WindowEntry(
            row=row,
            readings=tuple(readings.get(row.window, ())),
            audio=tuple(audio.get(row.window, ())),
            trace=traced.get(row.window),
        )


def _check_audio(run: Run, files: Mapping[str, bytes]) -> None:
    clips = {AUDIO_FOLDER + clip.name: clip for entry in run.entries for clip in entry.audio}
    if len(clips) != sum(len(entry.audio) for entry in run.entries):
        raise ValueError(f"{AUDIO}: a clip is listed twice")
    for name in sorted(name for name in files if name.startswith(AUDIO_FOLDER)):
        if name not in clips:
            raise ValueError(f"{name}: not listed in {AUDIO}")
        if sha256(files[name]) != clips[name].sha256:
            raise ValueError(f"{name}: digest differs from {AUDIO}")


def _check_captions(run: Run) -> None:
    """Insist that the captions are the lists that were asked for, and every row's is there."""
    lists: dict[tuple[str, str], list[Caption]] = {}
    for caption in run.header.captions:
        lists.setdefault((caption.study, caption.dataset), []).append(caption)
    asked = run.header.request.get("captions") or {}
    expected = {
        (study, one["dataset"]): one["sha256"] for study, chosen in asked.items() for one in chosen
    }
    found = {
        name: list_sha256((caption.id, caption.sha256) for caption in captions)
        for name, captions in lists.items()
    }
    if found != expected:
        raise ValueError(f"{CAPTIONS}: expected the lists that the request names, found others")
    if run.header.environment.imported:
        return
    seeds = {(str(one.study), one.dataset, one.item): one.seed for one in run.header.captions}
    for row in (entry.row for entry in run.entries):
        if row.dataset and seeds.get((row.study, row.dataset, row.item)) != row.seed:
            raise ValueError(f"{CAPTIONS}: window {row.window} has no caption there with its seed")


def _check_scores(run: Run) -> None:
    model = run.entries[0].row.model if run.entries else None
    seen: set[tuple[object, ...]] = set()
    for score in run.scores:
        key = (score.dataset, score.steps, score.metric, score.reference)
        if score.model != model:
            raise ValueError(f"{SCORES}: model expected as in {MEASUREMENTS}, found another")
        if key in seen:
            raise ValueError(f"{SCORES}: a score is there twice")
        seen.add(key)
