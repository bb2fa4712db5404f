import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from repro.catalog import read_scorer_card
from tests.fakes import command, environment
from tests.hub import REVISION, Hub

FILES = {
    "config.json": b"{}",
    "unet/model.safetensors": b"numbers" * 1000,
    "training/optimizer.bin": b"not needed",
}

CARD = """
name = "{name}"
title = "From a hub"
in_paper = false
environment = "plain"
checkpoint = "somebody/model"
revision = "{revision}"
licence = "CC-BY-NC-4.0"
licence_note = "no commercial use"
dtype = "float32"
sample_rate_hz = 8000
channels = 1

[weights]
files = ["*.json", "*/*.safetensors"]
{digests}
"""


TEXTS = {"spiece.model": b"pieces", "tokenizer.json": b"{}", "model.safetensors": b"not needed"}

COMPANION = """
[[companions]]
name = "tokenizer"
checkpoint = "somebody/texts"
revision = "{revision}"
licence = "Apache-2.0"
files = ["spiece.model", "tokenizer.json"]
"""


@pytest.fixture
def hub():
    server = Hub(dict(FILES))
    yield server
    server.close()


@pytest.fixture
def two():
    """Return a hub with the model's repository and that of its tokenizer."""
    server = Hub(dict(FILES), beside={"somebody/texts": dict(TEXTS)})
    yield server
    server.close()


@pytest.fixture
def companion(models_dir):
    """Let the model need the tokenizer of another repository."""
    path = models_dir / "remote" / "model.toml"
    path.write_text(path.read_text() + COMPANION.format(revision=REVISION))


@pytest.fixture
def gated():
    server = Hub(dict(FILES), gated=True)
    yield server
    server.close()


@pytest.fixture(autouse=True)
def models_dir(tmp_path):
    return write_card(tmp_path / "models")


def write_card(folder, digests="", revision=REVISION):
    path = folder / "remote" / "model.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CARD.format(name="remote", revision=revision, digests=digests))
    return folder


def weights(tmp_path, hub, *arguments, stdin=None):
    variables = {
        "HF_HOME": str(tmp_path / "cache"),
        "HF_ENDPOINT": hub.address if hub else "http://127.0.0.1:9",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
    }
    return subprocess.run(
        command("weights", *arguments, "--models-dir", tmp_path / "models"),
        capture_output=True, text=True, check=False, input=stdin,
        env={**environment(**variables)},
    )  # fmt: skip


def listed(tmp_path, models_dir):
    """Return what ``models --json`` prints, and it alone, by name."""
    done = subprocess.run(
        command("models", "--models-dir", models_dir, "--json"),
        capture_output=True, text=True, check=True,
        env=environment(HF_HOME=str(tmp_path / "cache")),
    )  # fmt: skip
    assert done.stderr == ""
    return {item["name"]: item for item in json.loads(done.stdout)}


def test_what_is_needed_is_fetched_at_the_pinned_revision_and_nothing_else(tmp_path, hub):
    done = weights(tmp_path, hub, "fetch", "remote", "--yes")

    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.name == REVISION
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {"config.json", "unet/model.safetensors"}


@pytest.mark.usefixtures("companion")
def test_a_companion_is_fetched_and_checked_with_the_model_and_no_more_of_it(tmp_path, two):
    fetched = weights(tmp_path, two, "fetch", "remote", "--yes")
    checked = weights(tmp_path, None, "check", "remote")

    assert fetched.returncode == 0, fetched.stderr
    assert f"somebody/texts at {REVISION}, licence Apache-2.0" in fetched.stderr
    assert Path(fetched.stdout.strip()).parts[-3] == "models--somebody--model"
    assert checked.stdout.splitlines() == [
        "whole    config.json",
        "whole    unet/model.safetensors",
        "whole    tokenizer/spiece.model",
        "whole    tokenizer/tokenizer.json",
    ]


def test_a_model_without_its_companion_is_missing_and_it_is_said_what_is(tmp_path, two, models_dir):
    weights(tmp_path, two, "fetch", "remote", "--yes")
    path = models_dir / "remote" / "model.toml"
    path.write_text(path.read_text() + COMPANION.format(revision=REVISION))

    assert listed(tmp_path, models_dir)["remote"]["weights"] == "missing"
    done = weights(tmp_path, None, "check", "remote")
    assert done.returncode == 1
    assert f"expected somebody/texts at {REVISION} in the cache, found it missing" in done.stderr
    assert "run `tta-energy weights fetch remote`" in done.stderr
    weights(tmp_path, two, "fetch", "remote", "--yes")
    assert listed(tmp_path, models_dir)["remote"]["weights"] == "here"


@pytest.mark.usefixtures("companion")
def test_a_companion_that_lacks_a_file_is_missing_too(tmp_path, two, models_dir):
    weights(tmp_path, two, "fetch", "remote", "--yes")
    (lost,) = (tmp_path / "cache").rglob("spiece.model")
    lost.unlink()

    assert listed(tmp_path, models_dir)["remote"]["weights"] == "missing"
    done = weights(tmp_path, None, "check", "remote")
    assert f"expected somebody/texts at {REVISION} in the cache, found it missing" in done.stderr


@pytest.mark.usefixtures("companion")
def test_in_a_folder_a_companion_is_the_subfolder_of_its_name(tmp_path):
    place = tmp_path / "folder" / "tokenizer"
    place.mkdir(parents=True)
    (place / "spiece.model").touch()
    lacking = weights(tmp_path, None, "check", "remote", "--weights", place.parent)
    (place / "tokenizer.json").touch()
    whole = weights(tmp_path, None, "check", "remote", "--weights", place.parent)

    assert "expected tokenizer/tokenizer.json in" in lacking.stderr
    assert whole.returncode == 0, whole.stderr


def test_the_licence_is_shown_and_asked_for_before_anything_is_fetched(tmp_path, hub):
    done = weights(tmp_path, hub, "fetch", "remote", stdin="n\n")

    assert done.returncode == 1
    assert "licence CC-BY-NC-4.0 (no commercial use)" in done.stderr
    assert done.stderr.endswith("error: declined: nothing was fetched\n")
    assert hub.requests == []


def test_the_size_is_told_before_it_is_asked_for(tmp_path, hub, models_dir):
    path = models_dir / "remote" / "model.toml"
    told = weights(tmp_path, hub, "fetch", "remote", stdin="n\n").stderr
    path.write_text(path.read_text().replace("channels = 1", "channels = 1\nweights_bytes = 5.3e9"))

    assert "\nsize not known beforehand\nfetch it" in told
    assert "\nsize 5.3 GB\nfetch it" in weights(tmp_path, hub, "fetch", "remote", stdin="").stderr


def test_without_a_terminal_to_ask_on_nothing_is_fetched(tmp_path, hub):
    done = weights(tmp_path, hub, "fetch", "remote", stdin="")

    assert done.returncode == 2
    assert done.stderr.endswith("error: no terminal to ask on: pass --yes\n")
    assert hub.requests == []


def test_a_fetch_goes_on_where_it_stopped(tmp_path, hub):
    weights(tmp_path, hub, "fetch", "remote", "--yes")
    hub.requests.clear()
    weights(tmp_path, hub, "fetch", "remote", "--yes")

    assert not [path for verb, path in hub.requests if verb == "GET" and "/resolve/" in path]


def test_a_gated_checkpoint_needs_a_token_and_says_how(tmp_path, gated):
    refused = weights(tmp_path, gated, "fetch", "remote", "--yes")
    token = tmp_path / "token"
    token.write_text("good-token\n")
    granted = weights(tmp_path, gated, "fetch", "remote", "--yes", "--token-file", token)

    assert refused.returncode == 1
    assert "is gated: accept its licence on its page and give a token" in refused.stderr
    assert granted.returncode == 0, granted.stderr
    assert "good-token" not in granted.stdout + granted.stderr
    for path in (tmp_path / "cache").rglob("*"):
        assert not path.is_file() or b"good-token" not in path.read_bytes()


def test_a_hub_that_cannot_be_reached_is_one_line(tmp_path):
    done = weights(tmp_path, None, "fetch", "remote", "--yes")

    assert done.returncode == 1
    *_, size, error = done.stderr.splitlines()
    assert size.startswith("size ")
    assert error.startswith("error: weights of remote: cannot fetch somebody/model")
    assert "Retrying" not in done.stderr


def test_a_whole_checkpoint_is_found_and_checked_without_network(tmp_path, hub):
    weights(tmp_path, hub, "fetch", "remote", "--yes")
    done = weights(tmp_path, None, "check", "remote")

    assert done.returncode == 0, done.stderr
    assert "whole    unet/model.safetensors" in done.stdout


def test_a_damaged_file_is_named(tmp_path, hub):
    folder = Path(weights(tmp_path, hub, "fetch", "remote", "--yes").stdout.strip())
    (folder / "unet" / "model.safetensors").resolve().write_bytes(b"other")
    done = weights(tmp_path, None, "check", "remote")

    assert done.returncode == 1
    assert "damaged  unet/model.safetensors" in done.stdout
    assert "unet/model.safetensors is not what it should be" in done.stderr


def test_a_pinned_digest_outweighs_what_the_hub_serves(tmp_path, hub):
    digest = hashlib.sha256(b"what it once was").hexdigest()
    write_card(tmp_path / "models", f'sha256 = {{ "unet/model.safetensors" = "{digest}" }}')
    done = weights(tmp_path, hub, "fetch", "remote", "--yes")

    assert done.returncode == 1
    assert "is not what it should be" in done.stderr


def test_a_file_that_must_be_there_and_is_not_is_named(tmp_path):
    write_card(tmp_path / "models", f'sha256 = {{ "vae.bin" = "{"0" * 64}" }}')
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "other.bin").touch()
    done = weights(tmp_path, None, "check", "remote", "--weights", tmp_path / "folder")

    assert done.returncode == 1
    assert "expected vae.bin" in done.stderr


def test_a_checkpoint_on_no_hub_says_where_it_lies(tmp_path):
    write_card(tmp_path / "models", 'by_hand = "download it from its page"')
    done = weights(tmp_path, None, "fetch", "remote", "--yes")

    assert done.returncode == 2
    assert "download it from its page" in done.stderr


def test_the_list_of_models_is_one_document(tmp_path, hub, models_dir):
    weights(tmp_path, hub, "fetch", "remote", "--yes")
    found = listed(tmp_path, models_dir)

    assert found["remote"]["weights"] == "here"
    assert found["audioldm"]["weights"] == "missing"
    assert found["audioldm"]["parameters_total"] == 420_980_338
    flops = found["audioldm"]["flops"]
    once = flops["text_encoding"] + flops["decoding"] + flops["vocoding"]
    assert found["audioldm"]["flops_generation"] == once + 100 * flops["denoising"]
    assert found["audioldm"]["parameters"]["unet"] == 185_036_552


def test_one_model_is_shown_with_its_licence_and_deviations():
    done = subprocess.run(
        command("models", "audioldm"), capture_output=True, text=True, check=True,
        env=environment(),
    )  # fmt: skip

    assert "420,980,338" in done.stdout
    assert "CC-BY-NC-SA-4.0" in done.stdout
    assert "deviation: " in done.stdout


FAD, CLAP = "630k-audioset-best.pt", "630k-audioset-fusion-best.pt"
CHECKPOINTS = {FAD: b"numbers" * 1000, CLAP: b"others" * 1000, "630k-best.pt": b"not needed"}


def fetch_scorer(tmp_path, **served):
    """Fetch the scorer's checkpoints, at the revision of its card, from a hub that serves so."""
    (card,) = [card for card in read_scorer_card().checkpoints if card.name == "scorer"]
    hub = Hub(dict(CHECKPOINTS), revision=card.revision, **served)
    try:
        return weights(tmp_path, hub, "fetch", "scorer", "--yes")
    finally:
        hub.close()


def test_the_scorers_checkpoints_are_fetched_and_found_whole(tmp_path):
    done = fetch_scorer(tmp_path)
    checked = weights(tmp_path, None, "check", "scorer")

    assert done.returncode == checked.returncode == 0, done.stderr + checked.stderr
    folder = Path(done.stdout.strip())
    assert {path.name for path in folder.iterdir()} == {FAD, CLAP}
    assert f"whole    {FAD}" in checked.stdout
    assert f"whole    {CLAP}" in checked.stdout


@pytest.mark.parametrize("fault", ["another content", "page of the same length"])
def test_a_checkpoint_of_another_digest_is_refused_and_stays_refused(tmp_path, fault):
    length = len(CHECKPOINTS[FAD])
    body = {"another content": b"x", "page of the same length": b"<html>"}[fault]
    done = fetch_scorer(tmp_path, bodies={FAD: (body * length)[:length]})
    checked = weights(tmp_path, None, "check", "scorer")

    assert done.returncode == checked.returncode == 1
    assert f"weights of scorer: {FAD} is not what it should be" in done.stderr
    assert f"damaged  {FAD}" in checked.stdout


@pytest.mark.parametrize("body", [b"<!DOCTYPE html>not found", CHECKPOINTS[FAD][:100]])
def test_a_page_or_a_part_in_place_of_a_checkpoint_is_not_kept(tmp_path, body):
    done = fetch_scorer(tmp_path, bodies={FAD: body})
    checked = weights(tmp_path, None, "check", "scorer")

    assert done.returncode == checked.returncode == 1
    assert "cannot fetch lukewys/laion_clap" in done.stderr
    assert "Traceback" not in done.stderr
    assert f"whole    {FAD}" not in checked.stdout


def test_one_checkpoint_of_two_is_not_all(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / CLAP).write_bytes(CHECKPOINTS[CLAP])
    done = weights(tmp_path, None, "check", "scorer", "--weights", tmp_path / "folder")

    assert done.returncode == 1
    assert f"weights of scorer: expected {FAD} in" in done.stderr


def test_a_network_that_answers_everything_with_a_page_is_no_hub(tmp_path):
    done = fetch_scorer(tmp_path, portal=True)

    assert done.returncode == 1
    assert "cannot fetch lukewys/laion_clap" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "cache").rglob("*.pt"))


def test_the_list_has_what_each_model_computes_and_one_model_what_it_needs_too():
    shown = [
        subprocess.run(
            command("models", *name), capture_output=True, text=True, check=True, env=environment()
        ).stdout
        for name in ((), ("tango",))
    ]

    (line,) = [line for line in shown[0].splitlines() if line.startswith("tango ")]
    assert line.split()[:5] == ["tango", "1,317,806,642", ">866M", "1.60", "161.50"]
    assert "google/flan-t5-large at 0613663d0d48" in shown[1]
    assert "161,502,028,249,088" in shown[1]
