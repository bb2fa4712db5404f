"""What an attacker does to a bundle. Zips are made with ``zipfile``, not with the code on trial."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import warnings
import zipfile

from repro.bundle import statements
from repro.bundle.run_contents import RunContents
from repro.bundle.score_contents import ScoreContents
from repro.bundle.seal import ATTESTATION, SIGNER, assemble
from repro.bundle.verify import Verdict
from repro.records import Run

MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"


def unzip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def member(name, *, mode=0o100644, compression=zipfile.ZIP_STORED):
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system = 3
    info.external_attr = mode << 16
    info.compress_type = compression
    return info


def rezip(members, extra=()):
    """Zip as a bundle is zipped; ``extra`` are pairs of a ZipInfo and bytes, duplicates allowed."""
    target = io.BytesIO()
    pairs = [(member(name), data) for name, data in members.items()]
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w") as archive:
        warnings.simplefilter("ignore", UserWarning)  # of duplicate names
        for info, data in sorted([*pairs, *extra], key=lambda pair: pair[0].filename):
            archive.writestr(info, data)
    return target.getvalue()


def with_manifests(members):
    """Make both manifests fit the members again."""
    lines = _lines({name: data for name, data in members.items() if name.startswith("data/")})
    members = {**members, MANIFEST: lines}
    tags = ("bag-info.txt", "bagit.txt", MANIFEST)
    return {**members, TAG_MANIFEST: _lines({name: members[name] for name in tags})}


def _lines(members):
    digests = {name: hashlib.sha256(members[name]).hexdigest() for name in sorted(members)}
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items()).encode()


def files_of(members):
    return {
        name.removeprefix("data/"): data
        for name, data in members.items()
        if name.startswith("data/")
    }


def contents_of(sealed):
    """Return a run or its scores as the code that seals has them."""
    return RunContents(sealed) if isinstance(sealed, Run) else ScoreContents(sealed)


def resign(members, run, key, **changes):
    """Seal the payload again, whole and consistent, with files changed or (None) left out."""
    files = {**files_of(members), **changes.pop("files", {})}
    kept = {name: data for name, data in files.items() if data is not None}
    return assemble(kept, contents_of(run), key=key)


def resign_statements(members, key, edit):
    """Sign edited statements over the same bag."""
    lines = []
    for line in members[ATTESTATION].splitlines():
        statement = json.loads(_payload(line))
        edit(statement)
        lines.append(json.dumps(key.sign(json.dumps(statement).encode()), sort_keys=True) + "\n")
    edited = {**members, ATTESTATION: "".join(lines).encode(), SIGNER: key.public.pem}
    return rezip(edited)


def _payload(line):
    return base64.b64decode(json.loads(line)["payload"])


def assert_invalid(examination, step):
    """Invalid, at the step named, and nothing of the content handed out."""
    assert examination.verdict is Verdict.INVALID
    assert len(examination.reasons) == 1
    assert examination.reasons[0].startswith(f"{step}: "), examination.reasons
    assert dict(examination.contents) == {}
    assert examination.bundle_class is None


def sign_members(members, run, key):
    """Sign whatever tag manifest there is, and zip."""
    texts = statements.make(contents_of(run), members, key)
    lines = "".join(json.dumps(key.sign(text), sort_keys=True) + "\n" for text in texts)
    return rezip({**members, ATTESTATION: lines.encode(), SIGNER: key.public.pem})
