"""One examined run bundle in, its rows out; a gap that would turn into a wrong mean is refused."""

from __future__ import annotations

import statistics
import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from repro.analysis.reading.dataset import LAST, Card, Row, Source
from repro.analysis.reading.grouping import series_of
from repro.analysis.reading.scores import DATASET, read_scores
from repro.analysis.reading.series import ordered
from repro.analysis.text import one_line
from repro.bundle import columns, payload
from repro.errors import BundleError
from repro.records import Environment, Status, Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from repro.analysis.reading.series import Series
    from repro.bundle import Examination

#: What a window adds up over its generations.
_SHARED_BY_GENERATIONS = (
    "audio_s", "duration_s", "gpu_energy_j", "gpu_energy_counter_j", "cpu_energy_j",
    "ram_energy_j", "uncertainty_j",
)  # fmt: skip


def read_source(examination: Examination) -> Source:
    """Read a run bundle that passed.

    Raises:
        BundleError: it is not readable, or a row of it is not what it must be.

    """
    environment = _environment(examination)
    card, facts = _card(_toml(examination, payload.MODEL)), _run_facts(examination)
    request = facts.request if facts else {}
    windows = _windows(examination)
    series = {window.checkpoint: series_of(window, environment, card) for window in windows}
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
        overrides=_overrides(facts, environment),
        samples=_samples(request, _toml(examination, payload.PROTOCOL)),
        request=request,
        series=ordered(series.values()),
        rows=rows,
        scores=read_scores(examination.bundle, examination.contents),
        idle_w=_idle_w(facts),
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


def _overrides(facts: payload.RunFacts | None, environment: Environment) -> tuple[str, ...]:
    """Return checks that were overridden, at the start or at a resume."""
    later = [text for session in facts.sessions for text in session.overrides] if facts else []
    return tuple(dict.fromkeys((*environment.overrides, *later)))


def _idle_w(facts: payload.RunFacts | None) -> float | None:
    known = [session.idle.power_w for session in facts.sessions if session.idle] if facts else []
    return statistics.fmean(known) if known else None


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
        order=tree["paper_order"] if isinstance(tree.get("paper_order"), int) else LAST,
        parameters_reported=_text(tree.get("parameters_reported")),
        deviations=tuple(_sentence(one) for one in deviations if isinstance(one, dict))
        if isinstance(deviations, list)
        else (),
    )


def _sentence(deviation: dict[str, Any]) -> str:
    return " ".join(str(deviation[key]) for key in ("text", "reason") if key in deviation)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


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
