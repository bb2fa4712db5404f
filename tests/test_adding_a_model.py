"""What somebody who adds a model is told of a mistake: one line that says where it is."""

import pytest

from repro.catalog import read_catalog
from repro.errors import UsageError, WorkerError
from repro.meter.simulated import read_settings
from repro.workers.adapter import AdapterProcess
from tests.fakes import fake_run, tta, write_model
from tests.test_worker import LOAD

METHODS = {
    "refuse(self, *, steps,": ("denied(self, *, steps,", "found none"),
    "generate(self, *, prompts,": ("generate(self, *, words,", "found another: missing a required"),
    "describe(self, *, size)": ("describe(self, size, /)", "found another: "),
}


@pytest.fixture
def mistaken(tmp_path):
    """Write a model with a mistake: a piece of its adapter, or of its card, replaced."""

    def write(right, wrong, file="adapter.py", **behaviour):
        root = write_model(tmp_path / "models", sleep_s=0.05, **behaviour)
        path = root / "fake" / file
        assert right in path.read_text()
        path.write_text(path.read_text().replace(right, wrong))
        return root

    return write


def start(root, log):
    return AdapterProcess(read_catalog((root,))["fake"], log, {})


@pytest.mark.parametrize("right", METHODS)
def test_a_method_that_is_not_as_it_will_be_called_is_named_at_the_start(mistaken, tmp_path, right):
    wrong, found = METHODS[right]
    with pytest.raises(WorkerError) as caught:
        start(mistaken(right, wrong), tmp_path / "log")

    name = right.partition("(")[0]
    assert str(caught.value).startswith(f"start: adapter: expected a method {name}(")
    assert found in str(caught.value)
    assert caught.value.kind == "error"


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        ("self.denoiser = Module", "self.denoise = Module", "found one of type NoneType"),
        ("self.denoiser = Module(STAGES.get(", "self.denoiser = str(STAGES.get(", "of type str"),
        ('"device": args["device"],', '"place": 1,', "device: expected, found none; place: "),
        ('return {"dtype"', '_ = {"dtype"', "answer to load: expected named values, found None"),
    ],
)
def test_what_is_wrong_with_a_loaded_model_is_said_when_it_is_loaded(
    mistaken, tmp_path, right, wrong, found
):
    with start(mistaken(right, wrong), tmp_path / "log") as worker:
        with pytest.raises(WorkerError) as caught:
            worker.load(**LOAD)
        assert found in str(caught.value)
        assert caught.value.kind == "error"


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        (
            '"libraries"',
            '"librarys"',
            "libraries: expected, found none; librarys: expected no field of this name, found {",
        ),
        ('"channels": 1}', '"channels": "one"}', "channels: expected a valid integer"),
        ('"channels": 1}', '"channels": {1}}', "set is not JSON serializable"),
    ],
)
def test_an_answer_of_another_form_names_the_operation_and_the_field(
    mistaken, tmp_path, right, wrong, found
):
    with start(mistaken(right, wrong), tmp_path / "log") as worker:
        with pytest.raises(WorkerError) as caught:
            worker.describe("full")
        assert found in str(caught.value)


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        ('"libraries"', '"librarys"', "fake: answer to describe: libraries: expected, found none"),
        ("channels = 1\n", "channels = 'one'\n", "answer to generate: channels: expected a valid"),
    ],
)
def test_a_mistake_in_an_answer_ends_the_run_with_one_line(mistaken, tmp_path, right, wrong, found):
    asked = ("--study", "steps", "--steps", "2,3", "--repeats", "1")
    done = tta(*fake_run(mistaken(right, wrong), tmp_path / "out", *asked))

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert found in line


@pytest.mark.parametrize(
    ("right", "wrong", "found"),
    [
        ("in_paper = false", "in_papers = false", "in_paper: expected, found none; in_papers: exp"),
        ("channels = 1", "channels = 0", "channels: expected greater than 0, found 0"),
        ("channels = 1", "channels = ", "Invalid value"),
    ],
)
def test_a_mistake_in_a_card_is_one_line_with_its_file_and_field(mistaken, right, wrong, found):
    root = mistaken(right, wrong, file="model.toml")
    with pytest.raises(UsageError) as caught:
        read_catalog((root,))

    assert str(root / "fake" / "model.toml") in str(caught.value)
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gian = 1.7", "gian: expected no field of this name, found 1.7"),
        ("fault = 'lots'", "fault: expected 'none', 'zero', 'stuck' or 'lost', found 'lots'"),
        ("gain = ", "Invalid value"),
    ],
)
def test_a_mistake_in_a_simulated_gpu_is_one_line_with_its_file_and_field(tmp_path, text, found):
    path = tmp_path / "gpu.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_settings(path)

    assert str(caught.value).startswith(f"device: {path}: is no simulated GPU: ")
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)
