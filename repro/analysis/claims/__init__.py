"""What the paper states, judged on bundles.

Words used here:

claim
    a sentence that states a result, with the rule that judges it and the rule's parameters.
setup
    the hardware, weights, size and protocol that measurements must share to be judged together.
outcome
    ``holds``, ``fails``, ``insufficient`` where something that is needed was not measured or
    cannot be told from noise, ``not-comparable`` where the claim is about something else.
"""

from repro.analysis.claims.definitions import Claim, read_claims, shipped_claims
from repro.analysis.claims.judgement import Judgement, Outcome
from repro.analysis.claims.results import ClaimResult, claims_table, evaluate

__all__ = [
    "Claim",
    "ClaimResult",
    "Judgement",
    "Outcome",
    "claims_table",
    "evaluate",
    "read_claims",
    "shipped_claims",
]
