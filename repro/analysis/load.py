"""Examined bundles in, one typed data set out; what must not be mixed is refused here."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from repro.analysis.join import join
from repro.analysis.scores import DATASET, read_scores, read_scoring
from repro.analysis.series import Series, ordered
from repro.analysis.text import one_line
from repro.bundle import Verdict, columns, payload
from repro.bundle.score_contents import ScoreContents
from repro.errors import BundleError, UsageError
from repro.records import BundleClass, Environment, Status, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from repro.analysis.scores import Scoring
    from repro.bundle import Examination
    from repro.records import DetailedScore

#: Deviations that change which points there are, or that a series names in a field of its own.
_GRID = ("steps.", "batch.", "quality.", "stages.")
_NAMED = frozenset(
    (
        "studies",
        "repeats",
        "idle_s",
        "window_timeout_s",
        "weights",
        "size",
        "device",
        "dtype",
        "attention",
    )
)
_LAST = 99
#: What a window adds up over its generations.
_SHARED_BY_GENERATIONS = (
    "audio_s", "duration_s", "gpu_energy_j", "gpu_energy_counter_j", "cpu_energy_j",
    "ram_energy_j", "uncertainty_j",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One window as the analysis needs it; joules and seconds of one of its generations."""

    series: Series
    study: str
    dataset: str | None
    steps: int
    executed_steps: int | None
    batch_size: int
    repeat: int
    item: int
    status: Status
    warmup: bool
    clips: int
    audio_s: float | None
    duration_s: float | None
    gpu_energy_j: float | None
    gpu_meter: str | None
    gpu_energy_counter_j: float | None
    cpu_energy_j: float | None
    cpu_source: str | None
    ram_energy_j: float | None
    uncertainty_j: float | None
    disturbances: str | None
    detail: str | None
    generations: int
    stage: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """What ``model.toml`` says; all of it may be missing."""

    name: str | None = None
    title: str | None = None
    order: int = _LAST
    parameters_reported: str | None = None
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One run that passed, with its rows; ``samples`` is what the batch study makes a repeat.

    ``request`` is what was asked for, as the bundle holds it; empty where it does not.
    ``scoring`` is the bundle that its scores come from, None where it holds them itself.
    """

    bundle: str
    sha256: str
    verdict: Verdict
    reasons: tuple[str, ...]
    signer: str | None
    imported: bool
    environment: Environment
    card: Card
    samples: int | None
    request: Mapping[str, Any]
    overrides: tuple[str, ...]
    series: tuple[Series, ...]
    rows: tuple[Row, ...] = field(repr=False)
    scores: tuple[DetailedScore, ...] = field(default=(), repr=False)
    scoring: Scoring | None = field(default=None, repr=False)

    @property
    def counts(self) -> Counter[str]:
        """Windows by status, warm-ups apart under ``warmup``."""
        return Counter("warmup" if row.warmup else row.status.value for row in self.rows)


@dataclass(frozen=True, slots=True)
class DataSet:
    """All runs of a report. They are of one class; nothing else about them need agree."""

    bundle_class: BundleClass
    sources: tuple[Source, ...]
    notices: tuple[str, ...]

    @property
    def series(self) -> tuple[Series, ...]:
        """Every series once, in the order of every table and figure."""
        return ordered(series for source in self.sources for series in source.series)

    @property
    def scorings(self) -> tuple[Scoring, ...]:
        """The score bundles that are used, in the order of their runs."""
        return tuple(source.scoring for source in self.sources if source.scoring)

    @property
    def bundles(self) -> tuple[str, ...]:
        """The names of all bundles that are used."""
        runs = (source.bundle for source in self.sources)
        return (*runs, *(scoring.bundle for scoring in self.scorings))


def load(examinations: Iterable[Examination], *, require_trusted: bool = False) -> DataSet:
    """Read the bundles that were examined, one after the other, and join scores with their runs.

    The same bundle given twice is read once, with a notice.

    Raises:
        BundleError: a bundle is invalid, not trusted where that is required, valid and yet not
            readable, or scores do not belong to the run they name.
        UsageError: there is none, two hold the same run or its scores, the run of some scores
            is missing, or the classes of the runs are mixed.

    """
    sources: dict[str, Source] = {}
    scorings: dict[str, Scoring] = {}
    parents: dict[str, Examination] = {}
    names: dict[str, str] = {}
    refused: list[str] = []
    notices: list[str] = []
    accepted = {Verdict.TRUSTED} if require_trusted else {Verdict.TRUSTED, Verdict.INTEGRITY_ONLY}
    for examination in examinations:
        if examination.verdict not in accepted:
            refused.append(_refusal(examination))
        elif examination.sha256 in names:
            first = names[examination.sha256]
            notices.append(f"{examination.bundle}: the same bundle as {first}, read once")
        elif examination.kind == ScoreContents.kind:
            scorings[examination.sha256] = read_scoring(examination)
        elif not refused:
            source = sources[examination.sha256] = _read(examination)
            parents.setdefault(source.environment.run_id, _as_parent(examination))
        names.setdefault(examination.sha256, examination.bundle)
    if refused:
        wanted = "trusted" if require_trusted else "valid"
        raise BundleError(f"report: expected {wanted} bundles, found {', '.join(refused)}")
    _refuse_same_run(sources.values())
    joined, left_out = join(list(sources.values()), list(scorings.values()), parents)
    return DataSet(_one_class(joined), _in_order(joined), (*notices, *left_out))


def _as_parent(examination: Examination) -> Examination:
    """Keep of a run what scores are compared with: audio in a bundle can be large."""
    needed = (payload.ENVIRONMENT, payload.MEASUREMENTS, payload.AUDIO)
    kept = {name: examination.contents[name] for name in needed if name in examination.contents}
    return replace(examination, contents=kept)


def _refusal(examination: Examination) -> str:
    reasons = "; ".join(examination.reasons)
    return f"{examination.bundle} {examination.verdict}" + (f" ({reasons})" if reasons else "")


def _in_order(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Sort by content, so that the order on the command line changes nothing."""
    return tuple(
        sorted(
            sources,
            key=lambda source: (
                source.card.order,
                source.environment.started_at,
                source.environment.run_id,
            ),
        )
    )


def _refuse_same_run(sources: Iterable[Source]) -> None:
    seen: dict[str, str] = {}
    for source in sources:
        run_id = source.environment.run_id
        if run_id in seen:
            raise UsageError(
                f"report: expected each run once, found run {run_id} in both {seen[run_id]} and "
                f"{source.bundle}; leave one of them out, or its repeats would count twice"
            )
        seen[run_id] = source.bundle


def _one_class(sources: Iterable[Source]) -> BundleClass:
    members: dict[BundleClass, list[str]] = {}
    for source in sources:
        members.setdefault(source.environment.bundle_class, []).append(source.bundle)
    if not members:
        raise UsageError("report: expected at least one bundle, found none")
    if len(members) > 1:
        found = " and ".join(f"{kind} ({', '.join(names)})" for kind, names in members.items())
        raise UsageError(
            f"report: expected bundles of one class, found {found}; report on them separately"
        )
    return next(iter(members))


def _read(examination: Examination) -> Source:
    environment = _environment(examination)
    card, request = _card(_toml(examination, payload.MODEL)), _request(examination)
    windows = _windows(examination)
    series = {window.checkpoint: _series(window, environment, card) for window in windows}
    rows = tuple(_row(window, series[window.checkpoint]) for window in windows)
    _check_rows(examination.bundle, rows, gpu=environment.machine.gpu is not None)
    return Source(
        bundle=examination.bundle,
        sha256=examination.sha256,
        verdict=examination.verdict,
        reasons=tuple(examination.reasons),
        signer=examination.signer,
        imported=environment.imported,
        environment=environment,
        card=card,
        overrides=_overrides(examination, environment),
        samples=_samples(request, _toml(examination, payload.PROTOCOL)),
        request=request,
        series=ordered(series.values()),
        rows=rows,
        scores=read_scores(examination.bundle, examination.contents),
    )


def _member(examination: Examination, name: str) -> str:
    try:
        return examination.contents[name].decode("utf-8")
    except KeyError:
        raise BundleError(
            f"{examination.bundle}: expected a run with {name}, found none; "
            "a report is made from bundles of kind run"
        ) from None
    except UnicodeDecodeError as error:
        raise BundleError(f"{examination.bundle}: {name} is not UTF-8: {error}") from error


def _environment(examination: Examination) -> Environment:
    try:
        return Environment.model_validate_json(_member(examination, payload.ENVIRONMENT))
    except ValidationError as error:
        raise BundleError(
            f"{examination.bundle}: {payload.ENVIRONMENT}: {one_line(error)}"
        ) from error


def _toml(examination: Examination, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_member(examination, name))
    except tomllib.TOMLDecodeError as error:
        raise BundleError(f"{examination.bundle}: {name}: {error}") from error


def _request(examination: Examination) -> dict[str, Any]:
    facts = _run_facts(examination)
    return facts.request if facts is not None else {}


def _overrides(examination: Examination, environment: Environment) -> tuple[str, ...]:
    """Return checks that were overridden, at the start or at a resume."""
    facts = _run_facts(examination)
    later = [text for session in facts.sessions for text in session.overrides] if facts else []
    return tuple(dict.fromkeys((*environment.overrides, *later)))


def _run_facts(examination: Examination) -> payload.RunFacts | None:
    text = examination.contents.get(payload.RUN)
    return payload.RunFacts.model_validate_json(text) if text is not None else None


def _windows(examination: Examination) -> tuple[Window, ...]:
    text = _member(examination, payload.MEASUREMENTS)
    try:
        return columns.read(Window, text.encode())
    except ValueError as error:
        raise BundleError(
            f"{examination.bundle}: {payload.MEASUREMENTS}: {one_line(error)}"
        ) from error


def _row(window: Window, series: Series) -> Row:
    values = {name: getattr(window, name) for name in Row.__dataclass_fields__ if name != "series"}
    for name in _SHARED_BY_GENERATIONS:
        values[name] = values[name] and values[name] / window.generations
    return Row(series=series, **{**values, "clips": window.clips // window.generations})


def _check_rows(bundle: str, rows: Iterable[Row], *, gpu: bool) -> None:
    """Refuse what would turn into a wrong mean: a gap in an ok row, or a window twice."""
    seen: set[tuple[object, ...]] = set()
    for number, row in enumerate(rows, start=1):
        where = f"{bundle}: {payload.MEASUREMENTS} row {number}"
        if row.dataset is not None and not DATASET.fullmatch(row.dataset):
            raise BundleError(f"{where}: expected a data set in lower case, found {row.dataset!a}")
        if row.warmup or row.status is not Status.OK:
            continue
        energy_j = row.gpu_energy_j if gpu else row.cpu_energy_j
        if energy_j is None or row.duration_s is None:
            missing = "duration_s" if energy_j else f"{'gpu' if gpu else 'cpu'}_energy_j"
            raise BundleError(f"{where}: expected {missing} in a row that is ok, found none")
        key = (row.study, row.dataset, row.series.checkpoint, row.steps, row.batch_size,
               row.repeat, row.item, row.stage)  # fmt: skip
        if key in seen:
            raise BundleError(f"{where}: expected each window once, found it a second time")
        seen.add(key)


def _card(tree: dict[str, Any]) -> Card:
    deviations = tree.get("deviations", [])
    return Card(
        name=_text(tree.get("name")),
        title=_text(tree.get("title")),
        order=tree["paper_order"] if isinstance(tree.get("paper_order"), int) else _LAST,
        parameters_reported=_text(tree.get("parameters_reported")),
        deviations=tuple(_sentence(one) for one in deviations if isinstance(one, dict))
        if isinstance(deviations, list)
        else (),
    )


def _sentence(deviation: dict[str, Any]) -> str:
    return " ".join(str(deviation[key]) for key in ("text", "reason") if key in deviation)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _series(window: Window, environment: Environment, card: Card) -> Series:
    facts = environment.model
    total = sum(facts.parameters.values()) or None
    full = environment.size == "full"
    return Series(
        model=window.model,
        title=card.title or window.model,
        checkpoint=window.checkpoint,
        hardware=hardware(environment),
        weights=environment.weights,
        size=environment.size,
        protocol=environment.protocol,
        dtype=facts.dtype,
        conditions=_conditions(environment),
        order=card.order,
        # The reported count is that of the full model and says nothing about a tiny one.
        parameters=(card.parameters_reported if full else None) or _count(total),
        parameters_total=total,
    )


def hardware(environment: Environment) -> str:
    """Name what was measured: the GPU, or the processor where there was none."""
    gpu = environment.machine.gpu
    if gpu is None:
        return f"{environment.machine.cpu} (CPU)"
    return f"{gpu.name} (simulated)" if gpu.simulated else gpu.name


def _conditions(environment: Environment) -> tuple[str, ...]:
    facts, gpu = environment.model, environment.machine.gpu
    found = [f"{name} {version}" for name, version in sorted(facts.libraries.items())]
    if facts.attention is not None:
        found.append(f"attention {facts.attention}")
    if facts.weights_sha256:
        found.append(f"weights {facts.weights_sha256[:12]}")
    if gpu is not None and gpu.power_limit_w is not None:
        found.append(f"power limit {gpu.power_limit_w:g} W")
    return (*found, *(text for text in environment.deviations if _changes_energy(text)))


def _changes_energy(deviation: str) -> bool:
    name = deviation.partition(":")[0].strip()
    return name not in _NAMED and not name.startswith(_GRID)


def _samples(request: dict[str, Any], protocol: dict[str, Any]) -> int | None:
    """Return how many samples a repeat of the batch study makes, where the bundle says so.

    The request holds the protocol as it was used; an imported bundle has the file alone.
    """
    for tree in (request.get("protocol"), protocol):
        try:
            return int(tree["studies"]["batch"]["samples"])  # type: ignore[index]
        except (KeyError, TypeError, ValueError):
            continue
    return None


def _count(parameters: int | None) -> str | None:
    if parameters is None:
        return None
    if parameters >= 1_000_000_000:  # noqa: PLR2004 - where the paper changes from M to B
        return f"{parameters / 1e9:.3g}B"
    return f"{parameters / 1e6:.3g}M"
