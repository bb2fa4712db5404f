"""The BagIt 1.0 shell: manifests over the payload and over the tag files (RFC 8493)."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DECLARATION = "bagit.txt"
INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
TAGS = (DECLARATION, INFO, MANIFEST)
PAYLOAD = "data/"

_DECLARATION_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")


def wrap(
    payload: Mapping[str, bytes], *, identifier: str, date: str, agent: str
) -> dict[str, bytes]:
    """Make the members of a bag from payload files named relative to ``data/``."""
    members = {PAYLOAD + name: data for name, data in payload.items()}
    info = {
        "Bag-Software-Agent": agent,
        "Bagging-Date": date,
        "External-Identifier": identifier,
        "Payload-Oxum": oxum(members),
    }
    members[MANIFEST] = manifest(members)
    members[DECLARATION] = _DECLARATION_TEXT
    members[INFO] = "".join(f"{label}: {value}\n" for label, value in info.items()).encode()
    members[TAG_MANIFEST] = manifest({name: members[name] for name in TAGS})
    return members


def manifest(members: Mapping[str, bytes]) -> bytes:
    """Return one line per file: SHA-256, two spaces, path; sorted by path."""
    lines = (f"{sha256(members[name])}  {name}\n" for name in sorted(members))
    return "".join(lines).encode()


def read_manifest(data: bytes) -> dict[str, str]:
    """Return the digest of each path.

    Raises:
        ValueError: a line is malformed, out of order or repeated.

    """
    lines = data.decode("ascii").splitlines()
    matches = [_LINE.fullmatch(line) for line in lines]
    digests = {match[2]: match[1] for match in matches if match}
    text = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests))
    if text.encode() != data:
        raise ValueError("expected sorted lines of a digest, two spaces and a path")
    return digests


def oxum(members: Mapping[str, bytes]) -> str:
    """Return bytes and files of the payload, as ``Payload-Oxum`` has them."""
    sizes = [len(data) for name, data in members.items() if name.startswith(PAYLOAD)]
    return f"{sum(sizes)}.{len(sizes)}"


def read_info(data: bytes) -> dict[str, str]:
    """Return the labels of ``bag-info.txt``; a repeated one has its last value."""
    pairs = (line.partition(": ") for line in data.decode().splitlines())
    return {label: value for label, _, value in pairs}


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
