"""What holds for every test."""

from hypothesis import settings

# A deadline is a wall-clock assertion: a busy machine would fail it.
settings.register_profile("tta-energy", deadline=None)
settings.load_profile("tta-energy")
