"""From a tier to journals and bundles: which models, one after the other, window by window.

``tiers`` runs a ``campaign``, which has a ``modelrun`` for each model, whose ``runner`` measures
windows into a ``journal``; ``rundir`` knows what lies in the output folder.
"""
