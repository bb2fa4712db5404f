"""The claims as ``artifact/claims.toml`` holds them."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from repro.analysis.claims.rules import RULES
from repro.analysis.text import one_line
from repro.errors import TtaError
from repro.records import Record
from repro.resources import data_root

#: The scope of a claim that any hardware can be asked.
ANY = "any"


class Claim(Record):
    """A sentence that states a result, and how it is judged.

    ``about`` is the figure or table that shows it, ``wording`` whether ``text`` is the source's
    own, ``scope`` the hardware the claim is about or ``any``. An ``absolute`` claim states
    seconds or joules, and so is about one piece of hardware.
    """

    id: str = Field(pattern=r"^C[1-9][0-9]*$")
    text: str = Field(min_length=1)
    about: str = Field(min_length=1)
    wording: Literal["paraphrased", "quoted"]
    scope: str = Field(min_length=1)
    absolute: bool
    rule: str
    parameters: Record

    @model_validator(mode="after")
    def _absolute_has_hardware(self) -> Claim:
        if self.absolute and self.scope == ANY:
            raise ValueError("an absolute claim needs the hardware it is about as its scope")
        return self


def shipped_claims() -> tuple[Claim, ...]:
    """Read the claims that come with this program."""
    path = data_root() / "artifact" / "claims.toml"
    try:
        return read_claims(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TtaError(f"claims: cannot read {path.name}: {error.strerror}; reinstall") from error


def read_claims(text: str) -> tuple[Claim, ...]:
    """Read claims from TOML; a parameter that a claim does not give is taken from ``shared``.

    Raises:
        TtaError: it is not TOML, or a claim is not what it must be; the claim is named.

    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TtaError(f"claims.toml: {error}") from error
    entries, shared = tree.pop("claims", []), tree.pop("shared", {})
    tree.pop("source", None)
    if tree.pop("format_version", None) != 1 or tree:
        extra = ", ".join(tree) or "another format_version"
        raise TtaError(f"claims.toml: expected format_version 1, shared and claims, found {extra}")
    claims = tuple(_claim(entry, shared) for entry in entries)
    twice = [name for name, times in Counter(claim.id for claim in claims).items() if times > 1]
    if twice or not claims:
        found = f"{', '.join(twice)} twice" if twice else "none"
        raise TtaError(f"claims.toml: expected claims, each id once, found {found}")
    return claims


def _claim(entry: dict[str, Any], shared: dict[str, Any]) -> Claim:
    name = str(entry.get("id", "a claim without id"))
    rule = RULES.get(str(entry.get("rule")))
    if rule is None:
        known = ", ".join(sorted(RULES))
        raise TtaError(
            f"claims.toml: {name}: expected a rule of {known}, found {entry.get('rule')!a:.60}"
        )
    fields = rule.parameters.model_fields
    given = {key: value for key, value in shared.items() if key in fields}
    try:
        parameters = rule.parameters.model_validate(given | entry.get("parameters", {}))
        return Claim.model_validate(entry | {"parameters": parameters})
    except ValidationError as error:
        raise TtaError(f"claims.toml: {name}: {one_line(error)}") from error
