"""What was done to get a run, for the crate: worker processes, or an import."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from repro.bundle import payload, privacy
from repro.records import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.records import Origin, Run

_ORIGIN = "#origin"
_INPUTS = (payload.PROTOCOL, payload.MODEL, payload.LOCK)


def origin(facts: Origin) -> dict[str, Any]:
    """Describe the publication that an imported run is of."""
    commit = {"version": facts.commit} if facts.commit else {}
    return {
        "@id": _ORIGIN,
        "@type": "CreativeWork",
        "name": privacy.clean_value(facts.source),
        "description": f"published measurements in the layout {facts.layout}",
        **commit,
    }


def imported(run: Run, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Describe an import: not when, so that the same files give the same bundle."""
    return {
        "@id": "#import",
        "@type": "CreateAction",
        "name": "import of measurements made elsewhere",
        "description": f"{len(run.sources)} published files, named in {payload.SOURCES}",
        "instrument": {"@id": "#tta-energy"},
        "object": [{"@id": name} for name in (*_INPUTS, payload.SOURCES)],
        "result": [{"@id": name} for name in payload.tables(files) if name != payload.SOURCES],
        "actionStatus": "http://schema.org/CompletedActionStatus",
    }


def sessions(run: Run, files: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """Make one per worker process; all but the last were interrupted and resumed."""
    whole = Session(reason="start", started_at=run.header.environment.started_at, first_window=0)
    found = run.sessions or (whole,)
    stops = [*(session.first_window for session in found[1:]), len(run.entries)]
    for number, (session, stop) in enumerate(zip(found, stops, strict=True)):
        status = "Completed" if number == len(found) - 1 else "Failed"
        yield _action(number, session, _end(run, session, stop), status, files)


def seconds(time: str) -> str:
    """Write seconds and an offset: the profile's pattern knows neither fractions nor a Z."""
    return _time(_parse(time))


def _action(
    number: int, session: Session, end: str, status: str, files: Mapping[str, bytes]
) -> dict[str, Any]:
    return {
        "@id": f"#session-{number}",
        "@type": "CreateAction",
        "name": f"worker process {number} of the run",
        "description": f"{session.reason} at window {session.first_window}",
        "instrument": {"@id": "#tta-energy"},
        "object": [{"@id": name} for name in (*_INPUTS, payload.CAPTIONS) if name in files],
        "result": [{"@id": name} for name in payload.TABLES],
        "startTime": seconds(session.started_at),
        "endTime": end,
        "actionStatus": f"http://schema.org/{status}ActionStatus",
    }


def _end(run: Run, session: Session, stop: int) -> str:
    """Return the end of the last window of a session, or its start if it has none."""
    rows = [entry.row for entry in run.entries if session.first_window <= entry.row.window < stop]
    if not rows:
        return seconds(session.started_at)
    return _time(_parse(rows[-1].started_at) + timedelta(seconds=rows[-1].duration_s or 0))


def _parse(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone(UTC)


def _time(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
