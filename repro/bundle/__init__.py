"""Signed result bundles: sealed from a run or from its scores, examined to a verdict.

A bundle is a zip that holds a BagIt 1.0 bag without a top folder. Its payload ``data/`` is an
RO-Crate with a Frictionless data package; ``signatures/`` holds two DSSE envelopes over the
bag's tag manifest. What each verdict means: ``TRUSTED``, nothing changed since a key of the
trust store signed it; ``INTEGRITY_ONLY``, nothing changed since somebody signed it;
``INVALID``, anything else.
"""

from repro.bundle.seal import bundle_name, score_bundle_name, seal, seal_scores
from repro.bundle.verify import Examination, Verdict, examine, find_bundles

__all__ = [
    "Examination",
    "Verdict",
    "bundle_name",
    "examine",
    "find_bundles",
    "score_bundle_name",
    "seal",
    "seal_scores",
]
