"""Make the golden bundles of this format version: ``python -m tests.golden.make [--replace]``.

A released golden bundle is never made again: it stands for what users have on their disks.
``--replace`` is for the time before a release. The key signs once and is gone.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from repro.bundle import layout, seal, seal_scores
from repro.signing import ephemeral_key
from tests.factories import make_gpu, make_run
from tests.scored import make_scored

FOLDER = Path(__file__).parent
SUMS = FOLDER / "SHA256SUMS"
MAKERS = {
    "run": lambda key: seal(make_run(gpu=make_gpu()), key=key),
    "score": lambda key: seal_scores(make_scored(), key=key),
}
PATHS = {kind: FOLDER / f"{kind}-v{layout.VERSION}.zip" for kind in MAKERS}


def main(arguments: list[str]) -> int:
    """Write the bundles that are missing, and the digests; replace only when told to."""
    missing = [kind for kind, path in PATHS.items() if not path.exists()]
    wanted = list(MAKERS) if arguments == ["--replace"] else missing
    if not wanted:
        sys.stderr.write("all exist already: pass --replace before a release only\n")
        return 1
    for kind in wanted:
        PATHS[kind].write_bytes(MAKERS[kind](ephemeral_key()))
    names = sorted(path.name for path in FOLDER.glob("*.zip"))
    digests = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in names}
    SUMS.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
