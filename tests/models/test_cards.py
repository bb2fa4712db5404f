"""``model.toml`` and the locks of every model, as data."""

from __future__ import annotations

import hashlib
import re
import shlex
import tomllib

import pytest

from repro.catalog import ModelCard
from tests.models.drive import EXAMPLES, MODELS

PAPER = [
    "audioldm",
    "audioldm2",
    "make-an-audio",
    "make-an-audio-2",
    "stable-audio-open",
    "tango",
    "tango2",
]
TOTALS = {
    "audioldm": 420_980_338,
    "audioldm2": 1_118_354_316,
    "make-an-audio": 452_758_267,
    "make-an-audio-2": 937_361_578,
    "stable-audio-open": 1_323_076_738,
    "tango": 1_317_806_642,
    "tango2": 1_317_806_642,
}
FLOAT16 = {"audioldm", "audioldm2", "stable-audio-open"}
GUIDANCE = dict(zip(PAPER, (2.5, 3.5, 3.0, 3.0, 7.0, 3.0, 3.0), strict=True))
UNIT = {"M": 1e6, "B": 1e9}


def read_card(name):
    return ModelCard.model_validate(tomllib.loads((MODELS / name / "model.toml").read_text()))


def counted_by_the_paper(card):
    """Return the parameters that Table 1 counts: of two models not all of them."""
    if card.name == "stable-audio-open":
        return sum(card.parameters.values()) - card.parameters["text_encoder"]
    if card.name.startswith("tango"):
        return card.parameters["unet"]
    return sum(card.parameters.values())


def requirements(path):
    """Return name -> (version, number of hashes) of a lock; a name may stand there twice."""
    entries = re.split(r"\n(?=[a-z0-9])", re.sub(r"(?m)^#.*\n", "", path.read_text()))
    found = {}
    for entry in entries:
        name, version = re.match(r"([a-z0-9.-]+)==([^ ;\\]+)", entry).groups()
        found.setdefault(name, set()).add((version, entry.count("--hash=sha256:")))
    return found


models_locked = pytest.mark.parametrize(
    "folder",
    [path.parent for path in MODELS.glob("*/model.toml")],
    ids=lambda path: path.name,
)
locked = pytest.mark.parametrize(
    "folder", [path.parent for path in MODELS.glob("*/requirements.in")], ids=lambda path: path.name
)


def test_the_papers_models_stand_in_the_papers_order():
    cards = [read_card(path.parent.name) for path in MODELS.glob("*/model.toml")]
    in_paper = sorted((card for card in cards if card.in_paper), key=lambda card: card.paper_order)
    assert [card.name for card in in_paper] == PAPER
    assert [card.paper_order for card in in_paper] == list(range(1, 8))


@pytest.mark.parametrize(
    "path", list(EXAMPLES.glob("*/model.toml")), ids=lambda path: path.parent.name
)
def test_the_example_is_a_model_card(path):
    assert ModelCard.model_validate(tomllib.loads(path.read_text())).name == path.parent.name


@pytest.mark.parametrize("name", PAPER)
def test_a_models_components_add_up(name):
    assert sum(read_card(name).parameters.values()) == TOTALS[name]


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_parameter_count_is_the_sum_of_what_it_counts(name):
    card = read_card(name)
    digits, unit = re.fullmatch(r">?([\d.]+)([MB])", card.parameters_reported).groups()
    last_digit = 10 ** -len(digits.partition(".")[2])
    assert counted_by_the_paper(card) / UNIT[unit] == pytest.approx(
        float(digits), abs=0.5 * last_digit
    )


@pytest.mark.parametrize("name", PAPER)
def test_dtype_and_guidance_are_those_of_the_authors_scripts(name):
    card = read_card(name)
    assert card.dtype == ("float16" if name in FLOAT16 else "float32")
    assert card.guidance_scale == GUIDANCE[name]


@pytest.mark.parametrize("name", PAPER)
def test_the_reference_times_of_the_two_studies_agree(name):
    reference = read_card(name).reference
    assert set(reference.batch_call_s) == {1, 2, 5, 10}
    hundred_steps_s = reference.fixed_s + 100 * reference.step_s
    assert reference.batch_call_s[1] == pytest.approx(hundred_steps_s, rel=0.05)


@locked
def test_a_lock_pins_every_package_with_its_hashes(folder):
    for name in ("requirements.lock", "torch.lock"):
        entries = requirements(folder / name)
        assert entries
        assert all(hashes for found in entries.values() for _, hashes in found)


@locked
def test_torch_stands_in_its_own_lock_alone(folder):
    (torch,) = {version for version, _ in requirements(folder / "torch.lock")["torch"]}
    # The scorer's is the last with a torchaudio that reads files as fadtk expects.
    assert folder.name == "current" or torch == ("2.8.0" if folder.name == "scorer" else "2.5.1")
    others = requirements(folder / "requirements.lock")
    assert not {"torch", "torchaudio", "torchvision"} & set(others)
    assert not [name for name in others if name.startswith(("nvidia", "triton"))]


@locked
def test_both_locks_can_be_installed_together(folder):
    one, two = requirements(folder / "requirements.lock"), requirements(folder / "torch.lock")
    shared = one.keys() & two.keys()
    assert shared
    assert {name: one[name] for name in shared} == {name: two[name] for name in shared}


@models_locked
def test_the_lock_holds_the_papers_libraries(folder):
    found = {
        name: {version for version, _ in entries}
        for name, entries in requirements(folder / "requirements.lock").items()
    }
    if read_card(folder.name).environment == "diffusers":
        assert found["diffusers"] == {"0.31.0"}
    assert found["transformers"] == {"4.46.3"}
    assert found["numpy"] == {"1.26.4"}


@locked
def test_a_lock_says_how_to_make_it_and_nothing_about_where(folder):
    for name in ("requirements.lock", "torch.lock"):
        text = (folder / name).read_text()
        assert "uv pip compile" in text.splitlines()[1]
        assert not re.search(r"https?://|file:|--index|--find-links|(?<!\S)/(?!dev/)", text)


@locked
@pytest.mark.parametrize("name", ["requirements.lock", "torch.lock"])
def test_a_lock_was_made_of_what_stands_beside_it(folder, name):
    lines = (folder / name).read_text().splitlines()
    words = shlex.split(lines[1].removeprefix("#"))
    inputs = [word for word in words if (folder / word).is_file() and word != name]
    content = b"".join((folder / one).read_bytes() for one in inputs)
    digest = hashlib.sha256(content).hexdigest()
    assert inputs
    assert lines[2] == f"# Of {', '.join(inputs)} with the sha256 {digest}", "run nox -s locks"


@pytest.mark.parametrize("name", ["requirements.in", "requirements.lock", "torch.lock"])
def test_models_that_share_an_environment_share_its_locks(name):
    cards = [read_card(path.parent.name) for path in MODELS.glob("*/model.toml")]
    by_environment = {}
    for card in cards:
        path = MODELS / card.name / name
        by_environment.setdefault(card.environment, set()).add(path.read_bytes())
    assert {len(contents) for contents in by_environment.values()} == {1}


def test_the_scorers_lock_holds_the_releases_that_work_together():
    found = requirements(MODELS / "scorer" / "requirements.lock")
    for name, version in (("fadtk", "1.1.0"), ("laion-clap", "1.1.7"), ("numpy", "1.26.4")):
        assert {version for version, _ in found[name]} == {version}
    family = requirements(MODELS / "scorer" / "torch.lock")
    assert {version for version, _ in family["torchaudio"]} == {"2.8.0"}
    assert {version for version, _ in family["torchvision"]} == {"0.23.0"}
