"""Tango 2 (arXiv:2404.09956): upstream's loop around networks of diffusers and transformers."""

from __future__ import annotations

from shared import facts
from shared.tango import TangoAdapter


class Adapter(TangoAdapter):
    """Drives Tango 2 for the worker."""

    card = facts.read(__file__)
