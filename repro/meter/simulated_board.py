"""The board behind the simulated NVML device: what it draws, how hot it is, how fast it runs."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError

from repro.errors import UsageError
from repro.records import Record, complaint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEPT_STRETCHES = 256


class SimulatedGpuSettings(Record):
    """What the simulated GPU is like. A file of ``--device simulated:FILE`` holds these names.

    ``artifact/simulated.toml`` has them all.
    ``gain`` is what the counter shows of the true energy; ``fault`` how it fails: ``zero``
    shows nothing at all, ``stuck`` stands still, ``lost`` raises in the window after
    ``lost_after_windows`` whole ones. ``throttle_after_s`` is how long it bears a load before
    it slows down to ``throttled_share`` of its clock and of its power above idle; None is
    never. ``foreign_processes`` compute beside the one that is measured. Of several ``gpus``
    the first is measured; each of the others draws ``other_power_w`` all the time.
    """

    name: str = "Simulated GPU"
    gpus: int = Field(default=1, ge=1)
    refresh_period_s: float = Field(default=0.02, gt=0)
    sensor_period_s: float = Field(default=0.02, gt=0)
    latency_s: float = Field(default=0.0, ge=0)
    idle_power_w: float = Field(default=60.0, gt=0)
    busy_power_w: float = Field(default=250.0, gt=0)
    other_power_w: float = Field(default=45.0, gt=0)
    noise_w: float = Field(default=0.0, ge=0)
    gain: float = Field(default=1.0, gt=0)
    fault: Literal["none", "zero", "stuck", "lost"] = "none"
    lost_after_windows: int = Field(default=0, ge=0)
    throttle_after_s: float | None = Field(default=None, ge=0)
    throttled_share: float = Field(default=0.6, gt=0, lt=1)
    foreign_processes: int = Field(default=0, ge=0)
    mig: bool = False
    vgpu: bool = False
    power_limit_w: float = 300.0
    sm_clock_mhz: int = Field(default=1740, gt=0)
    memory_clock_mhz: int = Field(default=7251, gt=0)
    idle_clock_mhz: int = Field(default=210, gt=0)
    idle_temperature_c: int = 40
    busy_temperature_c: int = 60
    seed: int = 0


def read_settings(path: Path | None) -> SimulatedGpuSettings:
    """Read the settings of a simulated GPU from a TOML file, or return the default ones.

    Raises:
        UsageError: the file cannot be read or holds an unknown setting.

    """
    if path is None:
        return SimulatedGpuSettings()
    try:
        return SimulatedGpuSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise UsageError(f"device: {path}: is no simulated GPU: {complaint(error)}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"device: {path}: is no simulated GPU: {error}") from error


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time of constant power: when it began, the true energy up to there, what it draws."""

    begun_at: float
    energy_j: float
    power_w: float
    busy: bool
    throttled: bool


class SimulatedBoard:
    """A board that is idle or busy; ``clock`` is in seconds."""

    def __init__(self, settings: SimulatedGpuSettings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.begun_at = clock()
        self.windows = 0
        self._random = random.Random(settings.seed)  # noqa: S311 - noise, not a secret
        idle = Stretch(self.begun_at, 0.0, settings.idle_power_w, busy=False, throttled=False)
        # Replaced as a whole and never changed, so that a sampling thread may read it any time.
        self._stretches: tuple[Stretch, ...] = (idle,)

    def set_busy(self, busy: bool) -> None:
        """Change the power the board draws from now on."""
        now, settings = self.clock(), self.settings
        if not busy:
            self._add(now, settings.idle_power_w, busy=False, throttled=False)
            return
        self.windows += 1
        power_w = settings.busy_power_w + self._random.gauss(0, settings.noise_w)
        self._add(now, power_w, busy=True, throttled=False)
        if settings.throttle_after_s is not None:
            above_idle_w = (power_w - settings.idle_power_w) * settings.throttled_share
            throttled_w = settings.idle_power_w + above_idle_w
            self._add(now + settings.throttle_after_s, throttled_w, busy=True, throttled=True)

    def true_energy_j(self, at: float) -> float:
        """Return the energy really drawn up to a time, in joules."""
        stretch = self.stretch(at)
        return stretch.energy_j + stretch.power_w * (at - stretch.begun_at)

    def stretch(self, at: float) -> Stretch:
        """Return what the board was like at a time."""
        stretches = self._stretches
        return next((one for one in reversed(stretches) if one.begun_at <= at), stretches[0])

    @property
    def lost(self) -> bool:
        """Whether the board has fallen off the bus."""
        settings = self.settings
        return settings.fault == "lost" and self.windows > settings.lost_after_windows

    def _add(self, at: float, power_w: float, *, busy: bool, throttled: bool) -> None:
        """Begin a stretch; one that was foreseen for later and did not come is forgotten."""
        added = Stretch(at, self.true_energy_j(at), power_w, busy, throttled)
        earlier = tuple(one for one in self._stretches if one.begun_at <= at)
        self._stretches = (*earlier[1 - KEPT_STRETCHES :], added)
