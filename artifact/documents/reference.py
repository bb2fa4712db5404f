"""The authors' released measurements, which ship with the artifact."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from repro import bundle
from repro.analysis.reading.load import load
from repro.signing import TrustStore

if TYPE_CHECKING:
    from repro.analysis.reading.dataset import DataSet

REFERENCE = Path(__file__).parent.parent / "reference" / "passoni2025"


@cache
def reference() -> DataSet:
    """Read them once."""
    paths = sorted(REFERENCE.glob("*.zip"))
    return load(bundle.examine(path, trust=TrustStore.shipped()) for path in paths)
