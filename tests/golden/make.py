"""Make the golden bundle of this format version: ``python -m tests.golden.make [--replace]``.

A released golden bundle is never made again: it stands for what users have on their disks.
``--replace`` is for the time before a release. The key signs once and is gone.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from repro.bundle import layout, seal
from repro.signing import ephemeral_key
from tests.factories import make_gpu, make_run

FOLDER = Path(__file__).parent
SUMS = FOLDER / "SHA256SUMS"
PATH = FOLDER / f"run-v{layout.VERSION}.zip"


def main(arguments: list[str]) -> int:
    """Write the bundle and its digest; refuse to replace it unless told to."""
    if PATH.exists() and arguments != ["--replace"]:
        sys.stderr.write(f"{PATH.name}: exists already: pass --replace before a release only\n")
        return 1
    PATH.write_bytes(seal(make_run(gpu=make_gpu()), key=ephemeral_key()))
    names = sorted(path.name for path in FOLDER.glob("*.zip"))
    digests = {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in names}
    SUMS.write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
