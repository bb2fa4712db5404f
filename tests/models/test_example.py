"""The model that ``models/README.md`` shows."""

from __future__ import annotations

import pytest

from tests.models.drive import EXAMPLES, MODELS, Driver, read_wav

FOLDER = EXAMPLES / "sine"


@pytest.fixture
def driver(tmp_path):
    one = Driver(FOLDER, "plain", tmp_path / "noise")
    yield one
    one.close()


def test_the_page_shows_the_example_as_it_is():
    page = (MODELS / "README.md").read_text()
    adapter = (FOLDER / "adapter.py").read_text().partition("# ruff: noqa")[0]
    assert f"```python\n{adapter.strip()}\n```" in page
    assert f"```toml\n{(FOLDER / 'model.toml').read_text().strip()}\n```" in page


def test_it_counts_steps_and_writes_a_tone_for_each_seed(driver, tmp_path):
    assert driver.load()["parameters"] == driver.get("describe", size="tiny")["parameters"]
    made = driver.generate(prompts=["a", "b"], seeds=[0, 12], steps=25, audio_s=0.5)
    assert made["denoiser_calls"] == 25
    assert (made["clips"], made["seconds"], made["latent_shape"]) == (2, 0.5, None)
    paths = [str(tmp_path / "0.wav"), str(tmp_path / "1.wav")]
    driver.get("save", paths=paths)
    (form, low), (_, same_pitch) = map(read_wav, paths)
    assert form == (8000, 2, 1)
    assert len(low) == 4000
    assert low == same_pitch
    assert driver.noise == ""


def test_it_refuses_what_it_says(driver):
    assert driver.refuses() is None
    assert driver.refuses(audio_s=61.0) == "more than 60 s of sine"
