"""What every record is, and the words that several share."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

COMPLAINTS = 3


class Record(BaseModel):
    """A value that does not change and holds no field it does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def complaint(error: ValidationError) -> str:
    """Return what a record refused, in one line: each field, what is expected, what was found."""
    found = [_refused(one) for one in error.errors()]
    more = f"; and {len(found) - COMPLAINTS} more" if len(found) > COMPLAINTS else ""
    return "; ".join(found[:COMPLAINTS]) + more


def _refused(one: ErrorDetails) -> str:
    where = "".join(f"{part}." for part in one["loc"])[:-1]
    if one["type"] == "missing":
        return f"{where}: expected, found none"
    if one["type"] == "extra_forbidden":
        return f"{where}: expected no field of this name, found {one['input']!r:.60}"
    said = one["msg"].removeprefix("Value error, ").replace("Input should be", "expected", 1)
    if one["type"] == "model_type":
        said = "expected named values"
    return f"{where}: {said}, found {one['input']!r:.60}".removeprefix(": ")


class BundleClass(StrEnum):
    """What the numbers of a bundle may be taken for."""

    MEASURED = "measured"
    DEMONSTRATION = "demonstration"


class Status(StrEnum):
    """How a window ended."""

    OK = "ok"
    OOM = "oom"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    DISPUTED = "disputed"

    @property
    def is_done(self) -> bool:
        """Whether the work was done to its end: a dispute is about its energy alone."""
        return self in {Status.OK, Status.DISPUTED}


EnergySource = Literal["measured", "modelled"]


#: What a bundle says and file names are made of: no folder, nothing hidden, no option.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]

#: What a stage of a generation may be called.
STAGE = r"^[a-z][a-z0-9_]{0,31}$"
