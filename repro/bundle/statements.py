"""The two in-toto statements about a bundle: how it was produced, and which checks it passed.

SLSA provenance v1 and test-result v0.1; no SLSA level is claimed. Fields of this project
stand under ``internalParameters``, where the schema leaves room for them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from repro.bundle import bag
from repro.bundle.contents import ENVIRONMENT, digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.bundle.contents import Contents
    from repro.signing import SigningKey

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
BUILDER = "urn:tta-energy:runner"


def make(contents: Contents, members: Mapping[str, bytes], key: SigningKey) -> tuple[bytes, bytes]:
    """Make both statements over the tag manifest of a bag."""
    subject = subject_of(members)
    return (
        _statement(subject, PROVENANCE, _provenance(contents, members, key)),
        _statement(subject, TEST_RESULT, _test_result(contents, members)),
    )


def build_type(kind: str) -> str:
    """Name what a bundle of this kind was made by."""
    return f"urn:tta-energy:{kind}:v1"


def subject_of(members: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return what is signed: the manifest that binds all others."""
    sha256 = bag.sha256(members[bag.TAG_MANIFEST])
    return [{"name": bag.TAG_MANIFEST, "digest": {"sha256": sha256}}]


def _statement(subject: list[dict[str, Any]], kind: str, predicate: dict[str, Any]) -> bytes:
    statement = {
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": kind,
        "predicate": predicate,
    }
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def _provenance(
    contents: Contents, members: Mapping[str, bytes], key: SigningKey
) -> dict[str, Any]:
    environment = contents.environment
    return {
        "buildDefinition": {
            "buildType": build_type(contents.kind),
            "externalParameters": contents.request,
            "internalParameters": {
                "challenge": environment.challenge,
                "class": environment.bundle_class,
                "imported": contents.imported,
                "keyOrigin": key.origin,
                "signerKeyid": key.public.keyid,
                **contents.parameters,
            },
            "resolvedDependencies": contents.dependencies(members),
        },
        "runDetails": {
            "builder": {"id": BUILDER, "version": {"tta-energy": environment.source.version}},
            "metadata": {
                "invocationId": environment.run_id,
                "startedOn": environment.started_at,
            },
            "byproducts": [digest(members, ENVIRONMENT)],
        },
    }


def _test_result(contents: Contents, members: Mapping[str, bytes]) -> dict[str, Any]:
    checks = contents.checks()
    failed = [name for name, problem in checks if problem]
    result, warned = contents.setbacks
    return {
        "result": "FAILED" if failed else result or "PASSED",
        "configuration": [digest(members, name) for name in contents.configuration],
        "passedTests": [name for name, problem in checks if not problem],
        "warnedTests": warned,
        "failedTests": failed,
    }
