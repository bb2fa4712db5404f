"""The two in-toto statements about a bundle: how it was produced, and which checks it passed.

SLSA provenance v1 and test-result v0.1; no SLSA level is claimed. Fields of this project
stand under ``internalParameters``, where the schema leaves room for them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from repro.bundle import bag, payload, physics, privacy
from repro.records import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.records import Run
    from repro.signing import SigningKey

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
BUILD_TYPE = "urn:tta-energy:run:v1"
BUILDER = "urn:tta-energy:runner"


def make(run: Run, members: Mapping[str, bytes], key: SigningKey) -> tuple[bytes, bytes]:
    """Make both statements over the tag manifest of a bag."""
    subject = subject_of(members)
    return (
        _statement(subject, PROVENANCE, _provenance(run, members, key)),
        _statement(subject, TEST_RESULT, _test_result(run, members)),
    )


def subject_of(members: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return what is signed: the manifest that binds all others."""
    digest = bag.sha256(members[bag.TAG_MANIFEST])
    return [{"name": bag.TAG_MANIFEST, "digest": {"sha256": digest}}]


def _statement(subject: list[dict[str, Any]], kind: str, predicate: dict[str, Any]) -> bytes:
    statement = {
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": kind,
        "predicate": predicate,
    }
    return json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()


def _provenance(run: Run, members: Mapping[str, bytes], key: SigningKey) -> dict[str, Any]:
    environment = run.header.environment
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": privacy.clean_request(run.header.request),
            "internalParameters": {
                "challenge": environment.challenge,
                "class": environment.bundle_class,
                "deviations": len(environment.deviations),
                "imported": environment.imported,
                "keyOrigin": key.origin,
                "protocol": environment.protocol,
                "signerKeyid": key.public.keyid,
                "tier": environment.tier,
            },
            "resolvedDependencies": _dependencies(run, members),
        },
        "runDetails": {
            "builder": {"id": BUILDER, "version": {"tta-energy": environment.source.version}},
            "metadata": {
                "invocationId": run.header.run_id,
                "startedOn": environment.started_at,
            },
            "byproducts": [_digest(members, payload.ENVIRONMENT)],
        },
    }


def _dependencies(run: Run, members: Mapping[str, bytes]) -> list[dict[str, Any]]:
    environment = run.header.environment
    found = [_digest(members, name) for name in (payload.PROTOCOL, payload.MODEL, payload.LOCK)]
    if environment.source.commit:
        found.append({"name": "source", "digest": {"gitCommit": environment.source.commit}})
    if environment.model.weights_sha256:
        found.append({"name": "weights", "digest": {"sha256": environment.model.weights_sha256}})
    if environment.origin:
        found.append(_digest(members, payload.SOURCES))
    if environment.origin and environment.origin.commit:
        found.append({"name": "origin", "digest": {"gitCommit": environment.origin.commit}})
    return found


def _test_result(run: Run, members: Mapping[str, bytes]) -> dict[str, Any]:
    checks = physics.examine(run)
    failed = [name for name, problem in checks if problem]
    statuses = {entry.row.status for entry in run.entries}
    warned = ["physics: not checked: imported"] if run.header.environment.imported else []
    if failed or Status.FAILED in statuses:
        result = "FAILED"
    else:
        result = "PASSED" if statuses <= {Status.OK} and not warned else "WARNED"
    return {
        "result": result,
        "configuration": [_digest(members, payload.PROTOCOL)],
        "passedTests": [name for name, problem in checks if not problem],
        "warnedTests": warned,
        "failedTests": failed,
    }


def _digest(members: Mapping[str, bytes], name: str) -> dict[str, Any]:
    path = bag.PAYLOAD + name
    return {"name": path, "digest": {"sha256": bag.sha256(members[path])}}
