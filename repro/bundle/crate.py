"""``ro-crate-metadata.json``: the contents for machines that read schema.org terms.

RO-Crate 1.1 with the Process Run Crate 0.5 profile, which does not accept newer crates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.bundle.bag import sha256
from repro.bundle.texts import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.bundle.contents import Contents

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
    "xz": "application/x-xz",
}


def write(contents: Contents, files: Mapping[str, bytes]) -> bytes:
    """Describe contents whose files are ``files``."""
    actions, sources = contents.actions(files), contents.sources()
    graph = [
        _descriptor(),
        _root(contents, files, actions, sources),
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        _LICENCE,
        _software(contents),
        *actions,
        *sources,
        *(_file(name, files[name]) for name in sorted(files)),
    ]
    return json_text({"@context": _CONTEXT, "@graph": graph})


def _descriptor() -> dict[str, Any]:
    return {
        "@id": NAME,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }


def _root(
    contents: Contents,
    files: Mapping[str, bytes],
    actions: list[dict[str, Any]],
    sources: list[dict[str, Any]],
) -> dict[str, Any]:
    based = {"isBasedOn": _references(sources)} if sources else {}
    return {
        "@id": "./",
        "@type": "Dataset",
        "identifier": contents.environment.run_id,
        "name": contents.title,
        "description": contents.description,
        "datePublished": contents.environment.started_at[:10],
        "license": {"@id": _LICENCE["@id"]},
        "conformsTo": {"@id": _PROFILE},
        "hasPart": [{"@id": name} for name in sorted(files)],
        "mentions": _references(actions),
        **based,
    }


def _software(contents: Contents) -> dict[str, Any]:
    return {
        "@id": "#tta-energy",
        "@type": "SoftwareApplication",
        "name": "tta-energy",
        "description": "measures what a text-to-audio model costs in energy",
        "softwareVersion": contents.environment.source.version,
    }


def _references(entities: list[dict[str, Any]]) -> Any:
    """Name entities; RO-Crate 1.1 wants a single value to stand alone."""
    values = [{"@id": entity["@id"]} for entity in entities]
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
