"""Tango (arXiv:2304.13731): upstream's loop around networks of diffusers and transformers."""

from __future__ import annotations

from shared import facts
from shared.tango import TangoAdapter


class Adapter(TangoAdapter):
    """Drives Tango for the worker."""

    card = facts.read(__file__)
