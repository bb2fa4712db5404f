"""What of a folder is imported, what is left out with a word, and what is written."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from click.testing import CliRunner

from repro.bundle import Verdict, examine
from repro.cli.import_ import import_ as command
from repro.errors import TtaError, UsageError
from repro.importers import import_folder
from repro.signing import TrustStore, generate_key_files, load_public_key
from tests.importers import publication
from tests.importers.conftest import open_run

REPOSITORY = "github.com/rickgiantsteps/diffusionGenAudio-energy-consumption"

DERIVED = (
    "results/inference_steps/AudioLDM/AudioLDM-mean.csv",
    "results/inference_steps/AudioLDM/AudioLDM-std.csv",
    "results/batch_size/AudioLDM/averaged_batch10.csv",
    "results/batch_size/AudioLDM/std_batch10.csv",
    "results/batch_size/AudioLDM/batch2/averaged_batch2_n0.csv",
    "results/batch_size/AudioLDM/batch2/var_batch2_n0.csv",
    "results/batch_size/AudioLDM/batch2/total.csv",
    "results/batch_size/AudioLDM/batch2/total_std.csv",
    "results/quality_metrics/emissions/AudioLDM/AudioLDM_emissions.csv",
    "sanitycheck/fad_analysis.csv",
)


def test_derived_files_are_never_imported_nor_talked_about(folder, import_):
    for path in DERIVED:
        (folder / path).write_text("derived,by,the,authors\n1,2,3,4\n")
    found = import_(folder)
    named = {source.path for source in open_run(found.bundles[0]).sources}
    assert not named & set(DERIVED)
    assert not any(path in notice for path in DERIVED for notice in found.notices)


def test_an_unknown_table_is_left_alone_and_named(steps_only, import_):
    path = publication.STEPS_LOG.format(6)
    (steps_only / path).write_text("")
    assert f"{path}: not of this layout, left alone" in import_(steps_only).notices


def test_every_source_file_is_in_the_bundle_by_digest(folder, run_of):
    sources = run_of(folder).sources
    assert len(sources) == 5 + 90 + 2 + 2 + 2
    for source in sources:
        data = (folder / source.path).read_bytes()
        assert source.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("path", "part", "count"),
    [
        (publication.STEPS_LOG.format(2), "steps", "expected 5 files, found 4"),
        (publication.BATCH_LOG.format(1, 5), "batch", "expected 90 files, found 89"),
        (publication.QUALITY_LOG.format("clotho"), "quality", "expected 2 files, found 1"),
        (publication.FAD, "scores", "expected 2 files, found 1"),
        ("sanitycheck/CLAP/AudioLDM_clap_scores.csv", "sanity", "expected 2 files, found 1"),
    ],
)
def test_a_part_that_lacks_a_file_is_left_out_with_a_word(folder, import_, path, part, count):
    (folder / path).unlink()
    found = import_(folder)
    assert f"audioldm: {part} left out: {count}; the first that is missing is {path}" in (
        found.notices
    )
    run = open_run(found.bundles[0])
    assert part not in {entry.row.study for entry in run.entries}
    assert {"scores": 24, "sanity": 24}.get(part, 48) == len(run.scores)


def test_a_bundle_without_a_study_says_so_in_what_is_signed(steps_only, run_of):
    environment = run_of(steps_only).header.environment
    assert environment.deviations == ("studies: steps, batch, quality -> steps",)


def test_a_whole_bundle_deviates_in_nothing(folder, run_of):
    assert run_of(folder).header.environment.deviations == ()


def test_parts_and_models_that_are_not_there_are_named(steps_only, import_):
    notices = import_(steps_only).notices
    assert "audioldm: nothing of batch, quality, scores there" in notices
    assert (
        "nothing of audioldm2, make-an-audio, make-an-audio-2, stable-audio-open, tango, tango2 "
        "there"
    ) in notices


def test_a_model_with_scores_alone_makes_no_bundle(steps_only, import_):
    publication.publish_scores(steps_only, "SAO")
    found = import_(steps_only)
    assert [path.name.split("_")[0] for path in found.bundles] == ["audioldm"]
    assert (
        "stable-audio-open: no bundle, since no study of its energy is there whole"
    ) in found.notices


def test_only_a_part_of_a_study_is_nothing_to_import(steps_only, import_):
    (steps_only / publication.STEPS_LOG.format(5)).unlink()
    with pytest.raises(UsageError, match=r"found none \(audioldm: steps left out"):
        import_(steps_only)


def test_versions_that_differ_by_study_are_all_kept(steps_only, run_of):
    publication.publish_batch(steps_only, codecarbon_version="2.7.4", python_version="3.9.0")
    environment = run_of(steps_only).header.environment
    assert environment.harness_libraries["codecarbon"] == "2.7.2 (steps), 2.7.4 (batch)"
    assert environment.model.libraries["python"] == "3.12.7 (steps), 3.9.0 (batch)"


def test_a_bundle_verifies_and_is_marked_imported(steps_only, import_):
    (path,) = import_(steps_only).bundles
    found = examine(path, trust=TrustStore())
    assert found.verdict is Verdict.INTEGRITY_ONLY
    assert found.imported
    assert found.reasons == ("signer: ephemeral key", "physics: not checked: imported")


def test_the_same_files_give_the_same_contents(steps_only, tmp_path):
    found = [
        import_folder(steps_only, layout="passoni2025", out=tmp_path / name).bundles[0]
        for name in ("one", "two")
    ]
    first, second = (examine(path, trust=TrustStore()) for path in found)
    assert found[0].name == found[1].name
    assert first.contents == second.contents


def test_a_changed_file_gives_another_run(steps_only, import_):
    first = import_(steps_only).bundles[0]
    path = publication.STEPS_LOG.format(1)
    publication.edit(steps_only, path, 2, lambda line: line.update(gpu_power="1.0"))
    assert import_(steps_only).bundles[0].name != first.name


def test_an_import_repeated_leaves_its_bundle_as_it_is(steps_only, import_):
    (path,) = import_(steps_only).bundles
    before = path.read_bytes()
    assert import_(steps_only).bundles == (path,)
    assert path.read_bytes() == before


def test_a_bundle_of_other_contents_is_not_replaced(steps_only, import_):
    (path,) = import_(steps_only).bundles
    before = path.read_bytes()
    with pytest.raises(TtaError, match="expected no bundle or the same one, found another"):
        import_(steps_only, source="elsewhere")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_bundle_is_not_taken_for_the_same(steps_only, import_):
    (path,) = import_(steps_only).bundles
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TtaError, match="does not verify"):
        import_(steps_only)


def test_a_folder_that_cannot_be_written_is_an_error(steps_only, tmp_path, import_):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(TtaError, match="bundles cannot be written"):
        import_(steps_only)


def test_without_a_word_the_source_is_not_stated(steps_only, run_of):
    origin = run_of(steps_only).header.environment.origin
    assert (origin.layout, origin.source, origin.commit) == ("passoni2025", "not stated", None)


def test_what_is_said_about_the_source_is_kept(steps_only, run_of):
    origin = run_of(steps_only, source=REPOSITORY, commit="a" * 40).header.environment.origin
    assert (origin.source, origin.commit) == (REPOSITORY, "a" * 40)


def git(folder, *arguments):
    identity = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("remote", "source"),
    [
        (f"https://{REPOSITORY}.git", REPOSITORY),
        (f"https://{REPOSITORY}", REPOSITORY),
        ("git@github.com:rickgiantsteps/diffusionGenAudio-energy-consumption.git", REPOSITORY),
        ("https://github.com/somebody/diffusionGenAudio-energy-consumption", "not stated"),
        ("https://example.org/else", "not stated"),
    ],
)
def test_a_checkout_says_its_commit_and_the_publication_its_name(
    steps_only, run_of, remote, source
):
    git(steps_only, "init", "-q")
    git(steps_only, "remote", "add", "origin", remote)
    git(steps_only, "commit", "-q", "--allow-empty", "-m", "as published")
    origin = run_of(steps_only).header.environment.origin
    assert origin.commit == git(steps_only, "rev-parse", "HEAD")
    assert origin.source == source


def test_a_folder_inside_another_checkout_does_not_take_its_commit(tmp_path, steps_only, run_of):
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "of something else")
    assert run_of(steps_only).header.environment.origin.commit is None


def call(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_prints_its_bundles_and_what_was_left_out(steps_only, tmp_path):
    out = tmp_path / "out"
    result = call(steps_only, "--layout", "passoni2025", "--out", out)
    assert result.exit_code == 0
    (path,) = out.glob("*.zip")
    assert result.stdout.splitlines()[:2] == [str(path), "source: not stated, commit not stated"]
    assert "note: audioldm: nothing of batch, quality, scores there" in result.stderr


def test_the_command_signs_with_a_key_of_ones_own(steps_only, tmp_path):
    private, public = generate_key_files(tmp_path / "keys")
    call(steps_only, "--layout", "passoni2025", "--out", tmp_path / "out", "--key", private)
    (path,) = (tmp_path / "out").glob("*.zip")
    key = load_public_key(public)
    found = examine(path, trust=TrustStore({key.keyid: ("mine", key)}))
    assert found.verdict is Verdict.TRUSTED
    assert found.signer == "mine"


def test_an_unknown_layout_is_a_usage_error(steps_only, tmp_path):
    result = call(steps_only, "--layout", "other", "--out", tmp_path / "out")
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == "layout: expected one of passoni2025, found 'other'"
