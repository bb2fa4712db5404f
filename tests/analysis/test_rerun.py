"""The command on the page that measures a run again is that of the run, or says what it lacks."""

from __future__ import annotations

import shlex
from dataclasses import replace

import click
import pytest

from repro.analysis.page.commands import commands
from repro.analysis.page.rerun import rerun
from repro.analysis.reading.load import load
from repro.catalog import read_catalog
from repro.cli import cli
from repro.request import Options, make_request, read_captions
from tests.analysis.examined import examined, with_environment, with_header, with_quality
from tests.factories import make_gpu, make_run

#: Parameters of a command that decide nothing of what is measured.
ELSEWHERE = ("models", "models_dirs", "out", "score", "key", "overrides", "restart")
LIST = "file_name,caption,duration\n" + "".join(f"{n}.wav,sound {n},10.0\n" for n in range(6))


@pytest.fixture
def captions(tmp_path, monkeypatch):
    """Stand in a folder with the captions that the command calls ``captions``."""
    folder = tmp_path / "captions"
    folder.mkdir()
    for dataset in ("audiocaps", "clotho"):
        (folder / f"{dataset}.csv").write_text(LIST)
    monkeypatch.chdir(tmp_path)
    return folder


def asked(tier, model, options):
    """Return the request for a model, as the tier would make it."""
    given = Options(tier=tier, **options)
    return make_request(given, read_catalog()[model], read_captions(given))


def source_of(request):
    run = with_header(make_run(gpu=make_gpu()), request=request)
    return load([examined(run)]).sources[0]


def typed(command):
    """Read the words of a command line as the program does."""
    program, tier, *words = shlex.split(command)
    assert program == "tta-energy"
    there = cli.get_command(click.Context(cli), tier)
    params = there.make_context(tier, words).params
    (model,) = params["models"]
    kept = {name: value for name, value in params.items() if name not in ELSEWHERE}
    return asked(tier, model, kept)


WITHOUT_CAPTIONS = [
    ("full", "tango", {"studies": ("steps", "batch")}),
    ("quick", "audioldm2", {}),
    ("smoke", "tango2", {"studies": ("steps",), "device": "simulated"}),
    ("full", "tango", {"studies": ("steps",), "steps": (10, 30), "repeats": 7,
                       "dtype": "bfloat16", "attention": "eager", "with_audio": True}),
    ("full", "stable-audio-open", {"studies": ("steps", "stages"), "duration_mode": "exact"}),
    ("full", "tango", {"studies": ("steps", "batch", "stages"), "steps": (20,),
                       "batch_sizes": (1, 3), "window_timeout_s": 90.5}),
    ("full", "audioldm", {"studies": ("batch",), "protocol": "authors", "weights": "random",
                          "size": "tiny", "device": "cpu"}),
    ("smoke", "audioldm", {"studies": ("quality", "steps"), "captions": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("tier", "model", "options"), WITHOUT_CAPTIONS)
def test_the_command_asks_for_the_same_run(tier, model, options):
    wanted = asked(tier, model, options)
    found = rerun(source_of(wanted.identity()))
    assert found.lacking == ()
    assert typed(found.command).identity() == wanted.identity()


WITH_CAPTIONS = [
    {"studies": ("quality",), "captions": 4, "datasets": ("clotho",)},
    {"studies": ("quality",), "captions": 3, "steps": (25, 50)},
    {"studies": ("sanity",), "captions": 5, "datasets": ("audiocaps",)},
    {"studies": ("steps", "quality", "sanity"), "captions": 6},
]


@pytest.mark.parametrize("options", WITH_CAPTIONS)
def test_captions_are_asked_for_by_a_folder_and_their_digests(captions, options):
    wanted = asked("full", "audioldm2", options | {"captions_dir": captions})
    found = rerun(source_of(wanted.identity()))
    assert typed(found.command).identity() == wanted.identity()
    (said,) = found.lacking
    assert wanted.captions[options["studies"][-1]][0].sha256[:12] in said


def test_paths_are_left_to_be_filled_in_and_that_is_said(tmp_path):
    wanted = asked("full", "tango", {"studies": ("steps",), "weights": str(tmp_path),
                                     "device": f"simulated:{tmp_path}/gpu.toml"})  # fmt: skip
    found = rerun(source_of(wanted.identity()))
    assert "--weights DIR" in found.command
    assert "--device simulated:FILE" in found.command
    assert [text.partition(" ")[0] for text in found.lacking] == ["DIR", "FILE"]
    assert str(tmp_path) not in found.command


def test_what_no_option_sets_is_said():
    request = asked("full", "tango", {"studies": ("steps",)}).identity()
    request["protocol"]["generation"]["prompt"] = "another prompt"
    found = rerun(source_of(request))
    assert "another prompt" not in found.command
    assert len(found.lacking) == 1
    assert found.lacking[0].startswith("no option changes generation.prompt: ")


@pytest.mark.parametrize("change", [{"protocol": None}, {"tier": "huge"}, {"dtype": ["x"]}])
def test_a_request_that_cannot_be_read_is_replaced_by_what_is_known(change):
    request = asked("full", "audioldm", {"studies": ("steps",)}).identity() | change
    found = rerun(source_of(request))
    assert found.command.startswith("tta-energy full --model audioldm --protocol paper")
    assert found.lacking == (
        "what was asked for is not in the bundle; other options may have been used",
    )


def test_a_word_of_a_bundle_stays_one_word():
    source = replace(source_of({}), request={})
    environment = source.environment.model_copy(update={"protocol": "$(reboot) ; x"})
    found = rerun(replace(source, environment=environment))
    assert "$(reboot) ; x" in shlex.split(found.command)


def test_what_was_imported_is_measured_again_by_its_protocol_and_with_captions():
    run = with_quality(make_run(gpu=make_gpu(), model="tango"), {10: 36.0})
    run = with_environment(run, imported=True, protocol="authors")
    page = "".join(commands(load([examined(run)])))
    assert (
        "tta-energy full --model tango --protocol authors --captions-dir captions --out out" in page
    )
    assert "captions is a folder with the captions of the data sets." in page


def test_a_protocol_that_does_not_come_with_the_program_is_not_asked_for_by_name():
    run = with_environment(make_run(gpu=make_gpu()), imported=True, protocol="of-their-own")
    page = "".join(commands(load([examined(run)])))
    assert "tta-energy full --model audioldm --out out" in page
