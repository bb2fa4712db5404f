"""A whole run, as its journal holds it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from repro.records.base import FileName, Record
from repro.records.environment import Environment
from repro.records.scores import Score
from repro.records.windows import Caption, WindowEntry


class JournalHeader(Record):
    """First line of a journal. A bundle is a pure function of its journal."""

    format_version: Literal[1] = 1
    run_id: FileName
    request: dict[str, Any]
    environment: Environment
    protocol_toml: str
    model_toml: str
    requirements_lock: str
    planned_windows: int
    captions: tuple[Caption, ...] = ()


class IdleBaseline(Record):
    """What the GPU drew over ``seconds`` with the model loaded and nothing to do; raw in mJ."""

    power_w: float = Field(ge=0)
    seconds: float = Field(gt=0)
    raw_open: int
    raw_close: int


class Session(Record):
    """A worker process within a run: why it was started and which window it measured first.

    A ``process`` is started because the protocol asks for one, a ``restart`` because the one
    before was lost. ``overrides`` are failing checks of the machine that were overridden.
    """

    reason: Literal["start", "resume", "restart", "process"]
    started_at: str
    first_window: int
    idle: IdleBaseline | None = None
    overrides: tuple[str, ...] = ()


class SourceFile(Record):
    """One file that an imported bundle was made from, relative to what was imported."""

    path: str
    sha256: str


class Run(Record):
    """A whole journal, read: the header, its sessions, its finished windows in order."""

    header: JournalHeader
    sessions: tuple[Session, ...]
    entries: tuple[WindowEntry, ...]
    scores: tuple[Score, ...] = ()
    sources: tuple[SourceFile, ...] = ()

    @property
    def overrides(self) -> tuple[str, ...]:
        """Failing checks of the machine that were overridden, at the start or at a resume."""
        begun = self.header.environment.overrides
        later = (text for session in self.sessions for text in session.overrides)
        return tuple(dict.fromkeys((*begun, *later)))

    @property
    def complete(self) -> bool:
        """Whether every planned window, warm-ups apart, is there."""
        return sum(not entry.row.warmup for entry in self.entries) == self.header.planned_windows
