"""Examine a bundle: in a fixed order, in memory, and always to a verdict.

Order: safe zip reading, signatures, subject digest, tag manifest, manifest, closed file set,
schema, physics. The first step that fails is named.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from repro.bundle import archive, bag, datapackage, layout, statements
from repro.bundle.run_contents import RunContents
from repro.bundle.score_contents import ScoreContents
from repro.bundle.seal import ATTESTATION, SIGNER
from repro.errors import BundleError, UsageError
from repro.signing import PublicKey, SignatureError, open_envelope, public_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from repro.bundle.contents import Contents
    from repro.records import BundleClass
    from repro.signing import TrustStore

#: Reads the contents of each kind.
READERS: Mapping[str, Callable[[Mapping[str, bytes]], Contents]] = {
    RunContents.kind: RunContents.read,
    ScoreContents.kind: ScoreContents.read,
}


class Verdict(StrEnum):
    """What may be relied on."""

    TRUSTED = "TRUSTED"
    INTEGRITY_ONLY = "INTEGRITY_ONLY"
    INVALID = "INVALID"


@dataclass(frozen=True)
class Examination:
    """What was found out about one bundle.

    ``signer`` is the label of a trusted key or the fingerprint of any other. ``contents`` are
    the files under ``data/``, named relative to it, in the layout of this version; an invalid
    bundle shows none, nor a class. ``subject`` is the digest that the signatures cover, by which
    other bundles name this one.
    """

    bundle: str
    sha256: str
    verdict: Verdict
    reasons: tuple[str, ...]
    signer: str | None = None
    bundle_class: BundleClass | None = None
    imported: bool | None = None
    kind: str | None = None
    subject: str | None = None
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class Refused(ValueError):  # noqa: N818 - not a fault of the program: a verdict on its way
    """A step failed."""

    def __init__(self, step: str, message: str) -> None:
        super().__init__(f"{step}: {message}")


def examine(path: Path, *, trust: TrustStore, challenge: str | None = None) -> Examination:
    """Examine a bundle; bad content ends in ``INVALID`` with a reason, never in an error.

    Where a ``challenge`` is given, a bundle made for another one, or for none, is invalid.
    """
    digest = ""
    try:
        with _step("zip"):
            data = _read(path)
            digest = hashlib.sha256(data).hexdigest()
        return _examine(data, trust, challenge, bundle=path.name, sha256=digest)
    except Refused as refused:
        return Examination(path.name, digest, Verdict.INVALID, (str(refused),))


def find_bundles(paths: Iterable[Path]) -> list[Path]:
    """Return the bundles that are named, and those in the folders that are named.

    Raises:
        UsageError: a folder holds none.

    """
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.zip")) if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"expected bundles (*.zip) in {path}, found none")
        found += inside
    return found


def require(examinations: Sequence[Examination], *, trusted: bool) -> None:
    """Insist that bundles are valid, and trusted where that is asked for.

    Raises:
        BundleError: naming how many are not.

    """
    good = {Verdict.TRUSTED} if trusted else {Verdict.TRUSTED, Verdict.INTEGRITY_ONLY}
    bad = [one.bundle for one in examinations if one.verdict not in good]
    if bad:
        wanted = "trusted" if trusted else "valid"
        count = f"{len(examinations)} {wanted} bundle{'s' * (len(examinations) > 1)}"
        are = "are" if len(bad) > 1 else "is"
        raise BundleError(f"expected {count}, found {len(bad)} that {are} not: {', '.join(bad)}")


def _examine(data: bytes, trust: TrustStore, challenge: str | None, **identity: str) -> Examination:
    # 1. the zip
    with _step("zip"):
        members = archive.unpack(data)
    # 2. the signatures: bytes are verified before anything in them is believed
    with _step("signatures"):
        key, label = _signer(members, trust)
        signed = _signed_statements(members[ATTESTATION], key)
    # 3. the subject that was signed is this bag
    with _step("subject"):
        _check_subjects(signed, members)
    # 4. tag files, 5. payload files, 6. and no file besides
    with _step("tagmanifest"):
        _check_digests(bag.read_manifest(members[bag.TAG_MANIFEST]), members)
    with _step("manifest"):
        _check_digests(bag.read_manifest(members[bag.MANIFEST]), members)
    with _step("files"):
        _check_closed(members)
    # 7. the contents are what this version reads, and agree with each other
    with _step("schema"):
        files, contents = _open(members)
        _check_statements(signed, contents, key)
    with _step("challenge"):
        _check_challenge(contents.environment.challenge, challenge)
    # 8. the numbers can be true
    with _step("physics"):
        _refuse(contents.checks())
    return Examination(
        **identity,
        verdict=Verdict.TRUSTED if label else Verdict.INTEGRITY_ONLY,
        reasons=tuple(_remarks(contents, signed, trusted=label is not None)),
        signer=label or key.fingerprint,
        bundle_class=contents.environment.bundle_class,
        imported=contents.imported,
        kind=contents.kind,
        subject=bag.sha256(members[bag.TAG_MANIFEST]),
        contents=MappingProxyType(files),
    )


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Turn whatever hostile content provokes into the name of the step that met it."""
    try:
        yield
    except Refused:
        raise
    except (archive.ArchiveError, SignatureError, ValueError) as error:
        raise Refused(name, _one_line(error)) from error
    except KeyError as error:
        raise Refused(name, f"expected {error}, found none") from error
    except Exception as error:  # a verifier must not fall over what it is asked to judge
        raise Refused(name, f"cannot be read: {type(error).__name__}") from error


def _one_line(error: Exception) -> str:
    """Quote little of it, and nothing that could move the cursor of a terminal."""
    return _printable(str(error))


def _printable(words: str) -> str:
    text = " ".join(words.split())[:300]
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > archive.MAX_BYTES:
            raise ValueError(f"expected at most {archive.MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error


def _signer(members: Mapping[str, bytes], trust: TrustStore) -> tuple[PublicKey, str | None]:
    """Return the key to verify with, from the trust store first, and its label there."""
    embedded = public_key(members[SIGNER])
    if embedded.pem != members[SIGNER]:
        raise ValueError(f"{SIGNER}: expected one public key and nothing else")
    known = trust.find(embedded.keyid)
    return (known[1], known[0]) if known else (embedded, None)


def _signed_statements(lines: bytes, key: PublicKey) -> dict[str, dict[str, Any]]:
    """Verify both envelopes and return their statements by predicate type.

    An envelope can be taken out of the file unnoticed, so exactly these two are accepted.
    """
    envelopes = [_envelope(line) for line in lines.decode("ascii").splitlines(keepends=True)]
    opened = [json.loads(open_envelope(envelope, key)) for envelope in envelopes]
    found = {statement["predicateType"]: statement for statement in opened}
    expected = {statements.PROVENANCE, statements.TEST_RESULT}
    if len(opened) != len(expected) or found.keys() != expected:
        raise ValueError(f"expected one statement of each of two types, found {len(opened)}")
    if any(statement["_type"] != statements.STATEMENT for statement in opened):
        raise ValueError("expected in-toto statements of version 1")
    return found


def _envelope(line: str) -> dict[str, Any]:
    envelope = json.loads(line)
    if not isinstance(envelope, dict) or json.dumps(envelope, sort_keys=True) + "\n" != line:
        raise ValueError("an envelope is not in its canonical form")
    return envelope


def _check_subjects(signed: Mapping[str, dict[str, Any]], members: Mapping[str, bytes]) -> None:
    expected = statements.subject_of(members)
    for statement in signed.values():
        if statement["subject"] != expected:
            raise ValueError("the statements are about another bundle, or this one was changed")


def _check_digests(digests: Mapping[str, str], members: Mapping[str, bytes]) -> None:
    for name, digest in digests.items():
        if name not in members:
            raise ValueError(f"{name}: expected, found none")
        if bag.sha256(members[name]) != digest:
            raise ValueError(f"{name}: content changed")


def _check_closed(members: Mapping[str, bytes]) -> None:
    tags = bag.read_manifest(members[bag.TAG_MANIFEST])
    listed = bag.read_manifest(members[bag.MANIFEST])
    if tags.keys() != set(bag.TAGS) or not all(name.startswith(bag.PAYLOAD) for name in listed):
        raise ValueError("the manifests list other files than they are for")
    extra = members.keys() - tags.keys() - listed.keys() - {bag.TAG_MANIFEST, ATTESTATION, SIGNER}
    if extra:
        raise ValueError(f"{min(extra)}: not listed in any manifest")
    if bag.read_info(members[bag.INFO])["Payload-Oxum"] != bag.oxum(members):
        raise ValueError(f"{bag.INFO}: Payload-Oxum differs from the payload")


def _open(members: Mapping[str, bytes]) -> tuple[dict[str, bytes], Contents]:
    start = len(bag.PAYLOAD)
    files = {name[start:]: data for name, data in members.items() if name.startswith(bag.PAYLOAD)}
    kind, files = layout.upgrade(files)
    contents = READERS[kind](files)
    datapackage.check(files, contents.tables(files), json.loads(files[datapackage.NAME]))
    if bag.read_info(members[bag.INFO])["External-Identifier"] != contents.environment.run_id:
        raise ValueError(f"{bag.INFO}: External-Identifier differs from the run id")
    return files, contents


def _check_statements(
    signed: Mapping[str, dict[str, Any]], contents: Contents, key: PublicKey
) -> None:
    """Make sure that a reader of the statements alone is told what the payload says."""
    environment = contents.environment
    predicate = signed[statements.PROVENANCE]["predicate"]
    stated = predicate["buildDefinition"]["internalParameters"]
    expected = {
        "class": environment.bundle_class,
        "challenge": environment.challenge,
        "imported": contents.imported,
        "signerKeyid": key.keyid,
    }
    for name, value in expected.items():
        if stated[name] != value:
            raise ValueError(f"provenance: {name} differs from the payload")
    if predicate["buildDefinition"]["buildType"] != statements.build_type(contents.kind):
        raise ValueError("provenance: buildType differs from the kind of the payload")
    if predicate["runDetails"]["metadata"]["invocationId"] != environment.run_id:
        raise ValueError("provenance: invocationId differs from the run id")


def _check_challenge(made_for: str | None, challenge: str | None) -> None:
    if challenge is not None and made_for != challenge:
        found = "none" if made_for is None else "another"
        raise ValueError(f"expected the one asked for, found {found}: made for another occasion")


def _refuse(checks: Sequence[tuple[str, str | None]]) -> None:
    for name, problem in checks:
        if problem:
            raise ValueError(f"{name}: {problem}")


def _remarks(
    contents: Contents, signed: Mapping[str, dict[str, Any]], *, trusted: bool
) -> Iterator[str]:
    build = signed[statements.PROVENANCE]["predicate"]["buildDefinition"]
    if not trusted:
        ephemeral = build["internalParameters"].get("keyOrigin") == "ephemeral"
        yield f"signer: {'ephemeral' if ephemeral else 'unknown'} key"
    yield from (_printable(remark) for remark in contents.remarks())
