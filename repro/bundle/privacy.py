"""What may stand in a bundle: a request by allow-list, free text without paths and secrets.

A signed bundle travels to strangers, and may be under anonymous review. Environment capture
works by allow-list already (the record names every field); what is left are strings that
somebody or some library wrote freely.
"""

from __future__ import annotations

import getpass
import re
import socket
from typing import Any

REQUEST_KEYS = frozenset(
    {
        "tier", "model", "models", "study", "studies", "protocol", "weights", "size", "device",
        "dtype", "attention", "duration_mode", "steps", "batch_sizes", "repeats", "captions",
        "dataset", "datasets", "caption_set", "override", "overrides", "challenge", "with_audio",
        "source", "layout", "deviations", "engine",
    }
)  # fmt: skip

_SECRETS = (
    (re.compile(r"://[^/\s:@]+(?::[^/\s@]*)?@"), "://"),
    (re.compile(r"\b(?:hf_|gh[pousr]_|github_pat_|glpat-|sk-|AKIA|xox[bp]-)[\w-]{10,}"), "<token>"),
    (
        re.compile(r"(?i)\b(token|password|passwd|secret|api[_-]?key)(\s*[=:]\s*)\S+"),
        r"\1\2<token>",
    ),
    (re.compile(r"\b(?:GPU|MIG)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<uuid>"),
)
_ADDRESSES = (
    (re.compile(r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b"), "<address>"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "<address>"),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "<address>"),
)
_PATH = re.compile(
    r"[A-Za-z]:\\Users\\[^\\\n]+(?:\\[\w.@+=~-]+)*"
    r"|(?<![\w/.<])(?:file://|[A-Za-z]:(?=[\\/])|(?:\.\./)*\.\.(?=/))?(?:[\\/][\w.@+=~-]+){2,}[\\/]?"
)
_TILDE = re.compile(r"(?<![\w/])~\w*/[^\s'\"]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean_request(request: dict[str, Any]) -> dict[str, Any]:
    """Keep what decides a measurement; drop output folders, key files and the like."""
    kept = {name: value for name, value in request.items() if name in REQUEST_KEYS}
    return {
        name: clean_value(value) if name != "challenge" else value for name, value in kept.items()
    }


def clean_value(value: Any) -> Any:
    """Take paths and secrets out of every string of a JSON value.

    Addresses stay: four numbers between dots are the version of a library here.
    """
    if isinstance(value, dict):
        return {name: clean_value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [clean_value(inner) for inner in value]
    return _paths(clean_copy(value)) if isinstance(value, str) else value


def clean_copy(text: str) -> str:
    """Take credentials and tokens out of a file that is otherwise copied as it is."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def clean_text(text: str) -> str:
    """Make a sentence of a library fit to publish: no path, host, address, token or control."""
    text = text.encode("utf-8", "replace").decode()
    text = _paths(clean_copy(_CONTROL.sub(" ", text)))
    for pattern, replacement in _ADDRESSES:
        text = pattern.sub(replacement, text)
    for word in _own_names():
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "<name>", text)
    return text


def _paths(text: str) -> str:
    """Leave the last part of a path when it is a file, since a file name helps a reader."""
    return _TILDE.sub("<path>", _PATH.sub(_shorten, text))


def _shorten(match: re.Match[str]) -> str:
    parts = [part for part in re.split(r"[\\/]", match[0]) if part]
    return f"<path>/{parts[-1]}" if len(parts) > 2 and "." in parts[-1] else "<path>"  # noqa: PLR2004 - a folder and a file in it


def _own_names() -> list[str]:
    """Name this machine and its user; short and universal names would only spoil the text."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = ""
    host = socket.gethostname()
    names = {user, host, host.split(".")[0]} - {"root", "user", "localhost", "ubuntu", "admin"}
    return sorted((name for name in names if len(name) > 3), key=len, reverse=True)  # noqa: PLR2004 - shorter ones are words
