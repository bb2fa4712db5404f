"""Contents made into the bytes of a signed bundle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from repro.bundle import archive, bag, crate, datapackage, layout, payload, statements
from repro.bundle.run_contents import RunContents
from repro.bundle.score_contents import ScoreContents
from repro.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from repro.bundle.contents import Contents
    from repro.records import Clip, Run, ScoreRun
    from repro.signing import SigningKey

ATTESTATION = "signatures/attestation.intoto.jsonl"
SIGNER = "signatures/signer.pub.pem"


def bundle_name(run: Run) -> str:
    """Return ``<model>_<protocol>_<first 8 digits of the run id>.zip``."""
    return f"{RunContents(run).stem}.zip"


def score_bundle_name(scored: ScoreRun) -> str:
    """Return ``<name of the parent>_score.zip``."""
    return f"{ScoreContents(scored).stem}.zip"


def seal(run: Run, *, key: SigningKey, audio_dir: Path | None = None) -> bytes:
    """Return the zip of a complete run, signed; with its audio if a folder is given.

    Raises:
        BundleError: the run is incomplete, a clip is missing or not the one that was measured, or
            there is too much for a bundle.

    """
    contents = RunContents(run)
    contents.refuse()
    audio = _audio(run, audio_dir) if audio_dir else {}
    return assemble(complete(contents, audio), contents, key=key)


def seal_scores(scored: ScoreRun, *, key: SigningKey) -> bytes:
    """Return the zip of the scores of a run, signed.

    Raises:
        BundleError: the scores contradict each other or the clips they are of.

    """
    contents = ScoreContents(scored)
    contents.refuse()
    return assemble(complete(contents), contents, key=key)


def complete(contents: Contents, more: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """Make all files of ``data/``: those of the contents, ``more``, and what describes them."""
    files = contents.write() | {layout.NAME: layout.stamp(contents.kind)} | dict(more or {})
    files[datapackage.NAME] = datapackage.write(
        files, contents.tables(files), name=contents.stem.lower(), title=contents.title
    )
    files[crate.NAME] = crate.write(contents, files)
    return files


def assemble(files: Mapping[str, bytes], contents: Contents, *, key: SigningKey) -> bytes:
    """Put the files of ``data/`` into a bag, sign its tag manifest and return the zip.

    Raises:
        BundleError: a file name is not portable, or there is too much for a bundle.

    """
    environment = contents.environment
    members = bag.wrap(
        files,
        identifier=environment.run_id,
        date=environment.started_at[:10],
        agent=f"tta-energy {environment.source.version}",
    )
    envelopes = [key.sign(statement) for statement in statements.make(contents, members, key)]
    lines = (json.dumps(envelope, sort_keys=True) + "\n" for envelope in envelopes)
    members[ATTESTATION] = "".join(lines).encode()
    members[SIGNER] = key.public.pem
    try:
        return archive.pack(members)
    except archive.ArchiveError as error:
        raise BundleError(f"bundle {contents.stem}.zip: {error}") from error


def _audio(run: Run, folder: Path) -> dict[str, bytes]:
    clips = (clip for entry in run.entries for clip in entry.audio)
    return {payload.AUDIO_FOLDER + clip.name: _clip(folder, clip) for clip in clips}


def _clip(folder: Path, clip: Clip) -> bytes:
    try:
        data = (folder / clip.name).read_bytes()
    except OSError as error:
        raise BundleError(f"clip {clip.name}: cannot be read: {error.strerror}") from error
    if bag.sha256(data) != clip.sha256:
        raise BundleError(f"clip {clip.name}: differs from what was measured: run again")
    return data
