"""Checks of what is generated with and from, and what scores it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from repro import captions
from repro.captions import SYNTHETIC
from repro.doctor.finding import Finding, ok, warn
from repro.errors import UsageError
from repro.scoring.scorer import lacking
from repro.weights import find

if TYPE_CHECKING:
    from repro.doctor.site import Site


def weights(site: Site) -> Finding:
    """Check which models have their weights here."""
    needs = site.needs
    if not needs.models:
        return warn("no model is installed", "make an environment with `nox -s environment`")
    if needs.weights == "random":
        return ok("random")
    if needs.weights != "hub":
        if Path(needs.weights).is_dir():
            return ok("a folder of yours")
        return warn(f"no folder {needs.weights}", "name one that is there with --weights")
    missing = [model.name for model in needs.models if find(model.card) is None]
    if missing:
        return warn(
            f"missing for {', '.join(missing)}",
            f"fetch them with `tta-energy weights fetch {missing[0]}`, or use --weights random",
        )
    return ok(f"here for {', '.join(model.name for model in needs.models)}")


def captions_(site: Site) -> Finding:
    """Check for the captions that the study ``quality`` generates from."""
    needs = site.needs
    if not needs.datasets:
        return ok("not asked for")
    missing = [name for name in needs.datasets if not _there(name, needs.captions_dir)]
    if missing:
        return warn(
            f"missing for {', '.join(missing)}: the study quality is left out",
            "name the folder that holds them with --captions-dir",
        )
    lists = [captions.read(name, needs.captions_dir, clips=1) for name in needs.datasets]
    bare = [one.dataset for one in lists if one.dataset != SYNTHETIC and not one.has_references]
    if bare:
        return warn(
            f"here, without reference audio for {', '.join(bare)}: no FAD",
            "put it into a folder of the data set's name beside the captions",
        )
    return ok(f"here for {', '.join(needs.datasets)}")


def scorer(site: Site) -> Finding:
    """Check for what the clips of the study ``quality`` are scored with."""
    needs = site.needs
    if needs.scorer is None:
        return ok("not asked for")
    reason = lacking(needs.scorer.engine, needs.scorer.weights)
    if reason:
        return warn("not here: FAD and CLAP score are left for later", reason)
    return ok(f"here, engine {needs.scorer.engine}")


def _there(dataset: str, folder: Path | None) -> bool:
    try:
        captions.read(dataset, folder, clips=1)
    except UsageError:
        return False
    return True
