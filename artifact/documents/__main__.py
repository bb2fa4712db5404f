"""Write the parts of documents that are made: ``python artifact/documents [--check]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from blocks import replace
from claims import claims_document, cost_table
from front import front_rows
from help_texts import help_texts

ROOT = Path(__file__).parent.parent.parent
#: Document -> name of the part -> what makes it.
PARTS = {
    "README.md": {"front": front_rows},
    "artifact/COMMANDS.md": {"help": help_texts},
    "artifact/CLAIMS.md": {"claims": claims_document},
    "artifact/APPENDIX.md": {"cost": cost_table},
}


def main() -> int:
    """Write what differs, or with ``--check`` only name it; 1 if something differed there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    check = parser.parse_args().check
    stale = []
    for name, parts in PARTS.items():
        path = ROOT / name
        text = before = path.read_text(encoding="utf-8")
        for part, make in parts.items():
            text = replace(text, part, make())
        if text != before:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'stale: run nox -s documents' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
