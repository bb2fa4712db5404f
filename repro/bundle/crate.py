"""``ro-crate-metadata.json``: the run for machines that read schema.org terms.

RO-Crate 1.1 with the Process Run Crate 0.5 profile, which does not accept newer crates.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from repro.bundle import payload, privacy
from repro.bundle.bag import sha256
from repro.records import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repro.records import Origin, Run

NAME = "ro-crate-metadata.json"

_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
# declared in place, so that a reader without network needs one context and not two
_CONTEXT = [
    "https://w3id.org/ro/crate/1.1/context",
    {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"},
]
_LICENCE = {
    "@id": "#licence",
    "@type": "CreativeWork",
    "name": "no licence stated",
    "description": "ask whoever published this bundle",
}
_MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "toml": "application/toml",
    "lock": "text/plain",
    "wav": "audio/wav",
    "flac": "audio/flac",
}
_ORIGIN = "#origin"
_INPUTS = (payload.PROTOCOL, payload.MODEL, payload.LOCK)


def write(run: Run, files: Mapping[str, bytes], *, title: str) -> bytes:
    """Describe a run whose files are ``files``."""
    environment = run.header.environment
    actions = [_import(run, files)] if environment.imported else list(_actions(run))
    origin = [_origin(environment.origin)] if environment.origin else []
    graph = [
        _descriptor(),
        _root(run, files, title, actions),
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        _LICENCE,
        _software(run),
        *actions,
        *origin,
        *(_file(name, files[name]) for name in sorted(files)),
    ]
    return payload.json_text({"@context": _CONTEXT, "@graph": graph})


def _descriptor() -> dict[str, Any]:
    return {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }


def _root(
    run: Run, files: Mapping[str, bytes], title: str, actions: list[dict[str, Any]]
) -> dict[str, Any]:
    environment = run.header.environment
    based = {"isBasedOn": {"@id": _ORIGIN}} if environment.origin else {}
    return {
        "@id": "./",
        "@type": "Dataset",
        "identifier": run.header.run_id,
        "name": title,
        "description": f"{len(run.entries)} windows, class {environment.bundle_class}; "
        "energy in joules, time in seconds",
        "datePublished": environment.started_at[:10],
        "license": {"@id": _LICENCE["@id"]},
        "conformsTo": {"@id": _PROFILE},
        "hasPart": [{"@id": name} for name in sorted(files)],
        "mentions": _compact([{"@id": action["@id"]} for action in actions]),
        **based,
    }


def _origin(origin: Origin) -> dict[str, Any]:
    commit = {"version": origin.commit} if origin.commit else {}
    return {
        "@id": _ORIGIN,
        "@type": "CreativeWork",
        "name": privacy.clean_value(origin.source),
        "description": f"published measurements in the layout {origin.layout}",
        **commit,
    }


def _import(run: Run, files: Mapping[str, bytes]) -> dict[str, Any]:
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


def _software(run: Run) -> dict[str, Any]:
    return {
        "@id": "#tta-energy",
        "@type": "SoftwareApplication",
        "name": "tta-energy",
        "description": "measures what a text-to-audio model costs in energy",
        "softwareVersion": run.header.environment.source.version,
    }


def _actions(run: Run) -> Iterator[dict[str, Any]]:
    """Make one per worker process; all but the last were interrupted and resumed."""
    whole = Session(reason="start", started_at=run.header.environment.started_at, first_window=0)
    sessions = run.sessions or (whole,)
    stops = [*(session.first_window for session in sessions[1:]), len(run.entries)]
    for number, (session, stop) in enumerate(zip(sessions, stops, strict=True)):
        status = "Completed" if number == len(sessions) - 1 else "Failed"
        yield _action(number, session, _end(run, session, stop), status)


def _action(number: int, session: Session, end: str, status: str) -> dict[str, Any]:
    return {
        "@id": f"#session-{number}",
        "@type": "CreateAction",
        "name": f"worker process {number} of the run",
        "description": f"{session.reason} at window {session.first_window}",
        "instrument": {"@id": "#tta-energy"},
        "object": [{"@id": name} for name in _INPUTS],
        "result": [{"@id": name} for name in payload.TABLES],
        "startTime": _time(_parse(session.started_at)),
        "endTime": end,
        "actionStatus": f"http://schema.org/{status}ActionStatus",
    }


def _end(run: Run, session: Session, stop: int) -> str:
    """Return the end of the last window of a session, or its start if it has none."""
    rows = [entry.row for entry in run.entries if session.first_window <= entry.row.window < stop]
    if not rows:
        return _time(_parse(session.started_at))
    return _time(_parse(rows[-1].started_at) + timedelta(seconds=rows[-1].duration_s or 0))


def _parse(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone(UTC)


def _time(time: datetime) -> str:
    """Write seconds and an offset: the profile's pattern knows neither fractions nor a Z."""
    return time.isoformat(timespec="seconds")


def _compact(values: list[dict[str, Any]]) -> Any:
    """RO-Crate 1.1 wants a single value to stand alone."""
    return values[0] if len(values) == 1 else values


def _file(name: str, data: bytes) -> dict[str, Any]:
    return {
        "@id": name,
        "@type": "File",
        "name": name,
        "encodingFormat": _MEDIA_TYPES.get(name.rsplit(".", 1)[-1], "application/octet-stream"),
        "contentSize": str(len(data)),
        "sha256": sha256(data),
    }
