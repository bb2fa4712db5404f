"""The models there are: one folder each, read as data. No adapter is imported here."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from repro.environments import absence, interpreter, made_from, read_lock
from repro.errors import UsageError
from repro.records import Record, complaint
from repro.resources import data_root, scorer_dir

#: The environment of a model that needs no libraries: the interpreter of the harness itself.
PLAIN = "plain"
#: The folder of the lock that holds the newest releases, for every model of its environment.
CURRENT = "models/current"


class Reference(Record):
    """How long the model takes elsewhere, to estimate from.

    A generation of ``n`` steps lasts ``fixed_s + n * step_s``; one call of the batch study
    ``batch_call_s[batch size]``. ``power_w`` is what the GPU draws meanwhile, on average.
    """

    hardware: str
    fixed_s: float = Field(ge=0)
    step_s: float = Field(gt=0)
    batch_call_s: dict[int, float] = Field(default_factory=dict)
    power_w: float | None = Field(default=None, gt=0)
    source: str


class WeightFiles(Record):
    """Which files of the checkpoint are needed, and how to come by them where no hub has them.

    ``sha256`` names the files whose content is known; ``by_hand`` says where the others lie.
    """

    files: tuple[str, ...] = Field(min_length=1)
    sha256: dict[str, str] = Field(default_factory=dict)
    by_hand: str | None = None


class Companion(Record):
    """Another checkpoint of the hub that the model needs, its tokenizer for one.

    ``name`` is that of the subfolder in which it is expected with ``--weights DIR``.
    """

    name: str
    checkpoint: str
    revision: str
    licence: str
    files: tuple[str, ...] = Field(min_length=1)


class Deviation(Record):
    """Where this model differs from upstream or from the paper, and why."""

    text: str
    reason: str


class Checkpoint(Record):
    """Weights that lie on a hub, or elsewhere, under a licence."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    checkpoint: str
    revision: str | None = None
    licence: str
    licence_note: str | None = None
    weights: WeightFiles | None = None
    weights_bytes: int | None = None
    companions: tuple[Companion, ...] = ()


class ModelCard(Checkpoint):
    """``model.toml``: what is known of a model without loading it.

    ``largest_call`` is how many clips the model's own program makes in one call at most,
    unless it is told otherwise. ``flops`` are those of one clip by stage, counted as in
    ``ModelFacts``, of the paper's prompt and length at full size.
    """

    in_paper: bool
    paper_order: int | None = None
    environment: str
    upstream: str | None = None
    gated: bool = False
    dtype: Literal["float16", "bfloat16", "float32"]
    guidance_scale: float | None = None
    sample_rate_hz: int = Field(gt=0)
    channels: int = Field(gt=0)
    parameters_reported: str | None = None
    largest_call: int | None = Field(default=None, gt=0)
    parameters: dict[str, int] = Field(default_factory=dict)
    flops: dict[str, int] = Field(default_factory=dict)
    reference: Reference | None = None
    deviations: tuple[Deviation, ...] = ()


class ScorerCard(Record):
    """``scorer.toml``: the engines with their environments, and what they load."""

    engines: dict[str, str]
    checkpoints: tuple[Checkpoint, ...]


class Model(Record):
    """A model folder: its card, where it lies and where its interpreter is."""

    card: ModelCard
    folder: Path
    card_text: str

    @property
    def name(self) -> str:
        """The model's name, that of its folder."""
        return self.card.name

    @property
    def adapter(self) -> Path:
        """The adapter's file, which may not be there."""
        return self.folder / "adapter.py"

    @property
    def interpreter(self) -> Path | None:
        """The Python that runs the adapter; None stands for the harness' own."""
        if self.card.environment == PLAIN:
            return None
        return interpreter(self.card.environment)

    @property
    def lock_text(self) -> str | None:
        """The pinned requirements that the model's environment was made from.

        None where the environment holds no copy of them: one of somebody's own making.
        """
        if self.card.environment == PLAIN:
            return read_lock(self.folder)
        return made_from(self.card.environment)

    @property
    def stack(self) -> Literal["paper", "current"] | None:
        """Which of the known locks the environment was made from, None where it does not say."""
        if self.card.environment == PLAIN or self.lock_text is None:
            return None
        if self.lock_text == read_lock(self.folder):
            return "paper"
        return "current" if self.lock_text == read_lock(data_root() / CURRENT) else None

    def _misfit(self) -> str | None:
        """Return why the environment is not this model's, or None."""
        environment, lock = self.card.environment, self.lock_text
        if environment == PLAIN or lock is None or self.stack is not None:
            return None
        return (
            f"its environment {environment!r} was made from another lock: expected that of "
            f"{self.folder.name} or of {Path(CURRENT).name}, found one of sha256 "
            f"{hashlib.sha256(lock.encode()).hexdigest()[:12]}; make it anew with "
            f"`nox -s environment -- {environment}`"
        )

    def missing(self) -> str | None:
        """Return why this model cannot run here, with the remedy, or None."""
        if not self.adapter.is_file():
            return f"{self.name} has no adapter yet: {self.folder.name}/adapter.py is to be written"
        if self.interpreter is not None and not self.interpreter.is_file():
            return f"its {absence(self.card.environment)}"
        return self._misfit()


def read_catalog(extra: tuple[Path, ...] = ()) -> dict[str, Model]:
    """Read every model folder, shipped ones first in the paper's order, then by name.

    Raises:
        UsageError: a folder's card cannot be read, or two models share a name.

    """
    models: dict[str, Model] = {}
    for root in (data_root() / "models", *extra):
        for model in _read_folder(root):
            if model.name in models:
                first = models[model.name].folder
                raise UsageError(
                    f"model {model.name}: defined twice, in {first} and {model.folder}"
                )
            models[model.name] = model
    return models


def read_scorer_card() -> ScorerCard:
    """Read what is known of the scorer."""
    text = (scorer_dir() / "scorer.toml").read_text(encoding="utf-8")
    return ScorerCard.model_validate(tomllib.loads(text))


def find_checkpoint(name: str, extra: tuple[Path, ...] = ()) -> Checkpoint:
    """Return the weights of a model or of the scorer by name.

    Raises:
        UsageError: there is none of that name.

    """
    for checkpoint in read_scorer_card().checkpoints:
        if checkpoint.name == name:
            return checkpoint
    return find(read_catalog(extra), name).card


def choose(catalog: dict[str, Model], names: tuple[str, ...]) -> list[Model]:
    """Return the named models, each of which must be installed.

    Raises:
        UsageError: a name is unknown, or its model is not installed.

    """
    chosen = [find(catalog, name) for name in dict.fromkeys(names)]
    for model in chosen:
        reason = model.missing()
        if reason:
            raise UsageError(f"model {model.name}: {reason}")
    return chosen


def find(catalog: dict[str, Model], name: str) -> Model:
    """Return a model by name.

    Raises:
        UsageError: there is none of that name.

    """
    if name not in catalog:
        raise UsageError(f"model: expected one of {', '.join(catalog)}, found {name!r}")
    return catalog[name]


def _read_folder(root: Path) -> list[Model]:
    if not root.is_dir():
        raise UsageError(f"models: expected a folder of model folders, found none at {root}")
    cards = sorted(root.glob("*/model.toml"))
    if not cards:
        raise UsageError(f"models: expected folders with a model.toml, found none in {root}")
    models = [_read_model(path) for path in cards]
    return sorted(models, key=lambda model: (model.card.paper_order or 99, model.name))


def _read_model(path: Path) -> Model:
    try:
        text = path.read_text(encoding="utf-8")
        card = ModelCard.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise UsageError(f"{path}: is no model card: {complaint(error)}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: is no model card: {error}") from error
    if card.name != path.parent.name:
        raise UsageError(
            f"{path}: expected the name of its folder, {path.parent.name!r}, found {card.name!r}"
        )
    return Model(card=card, folder=path.parent, card_text=text)
