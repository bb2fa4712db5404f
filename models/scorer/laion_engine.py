"""LAION-CLAP by laion-clap, distances by fadtk: the authors' own tools, for every real score.

The networks and functions are theirs, called from Python. fadtk's command line is not used: it
downloads on every call, embeds window by window, and keeps statistics that no longer hold.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from shared.devices import versions

# isort: split

import cpu_torch  # noqa: F401 - before whatever imports torchvision or torchaudio

# isort: split

import checkpoints
import clips
import librosa
import numpy as np
import soundfile
import torch  # noqa: TID253 - at home in a model's environment
import torchaudio
import transformers
from engine import Engine, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

#: roberta-base; the defaults of RobertaConfig are those of bert-base.
ROBERTA = {
    "vocab_size": checkpoints.VOCABULARY,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
}
POSITIONS = "text_branch.embeddings.position_ids"  # laion-clap 1.1.7 drops it, too
FUSION = {"fad": False, "clap": True}


@contextmanager
def without_downloads() -> Iterator[None]:
    """Keep laion-clap from the hub, which it asks on import and for a RoBERTa it overwrites."""

    def no_tokenizer(*_: Any, **__: Any) -> None:
        return None

    def bare_roberta(*_: Any, **__: Any) -> Any:
        return transformers.RobertaModel(transformers.RobertaConfig(**ROBERTA))

    tokenizers, roberta = transformers.PreTrainedTokenizerBase, transformers.RobertaModel
    with (
        mock.patch.object(tokenizers, "from_pretrained", no_tokenizer),
        mock.patch.object(roberta, "from_pretrained", bare_roberta),
    ):
        yield


with without_downloads():
    import fadtk
    import fadtk.utils
    import laion_clap


def in_this_process(function: Any, items: Any, **_: Any) -> list[Any]:
    """Do for each item what fadtk gives to a pool of processes; these are small files."""
    return [function(item) for item in items]


fadtk.utils.pmap = in_this_process


class Embeddings(fadtk.ModelLoader):
    """The name under which fadtk keeps the embeddings; it loads nothing here."""

    def __init__(self) -> None:
        super().__init__("clap-laion-audio", 512, clips.RATE_HZ)

    def load_model(self) -> None:
        """Leave the network to the engine."""

    def _get_embedding(self, audio: Any) -> Any:
        raise NotImplementedError


class Distances(fadtk.FrechetAudioDistance):
    """fadtk's distances on embeddings that are there, statistics of a reference taken once."""

    def __init__(self) -> None:
        super().__init__(Embeddings(), audio_load_worker=1, load_model=False)
        self._known: dict[tuple[str, ...], Any] = {}

    def load_stats(self, path: tuple[str, ...]) -> Any:
        """Return mean and covariance of the embeddings in these files."""
        if path not in self._known:
            self._known[path] = fadtk.calculate_embd_statistics_online(list(path))
        return self._known[path]


class Adapter(Engine):
    """Drives laion-clap and fadtk for the worker."""

    NAME = "laion"
    RESAMPLERS = {"fad": "kaiser sinc 64", "clap": "soxr_hq"}  # noqa: RUF012 - not changed
    DISTANCE = "fadtk"
    operations = (*Engine.operations, "distance")

    def __init__(self) -> None:
        super().__init__()
        self._distances = Distances()

    def versions(self) -> dict[str, str]:
        """Return the libraries that decide an embedding or a distance."""
        return versions(
            "laion-clap", "fadtk", "transformers", "torchaudio", "librosa", "soxr", "numpy", "scipy"
        )

    def build(self, network: str, request: Request) -> str:
        """Build a network and keep it; return the digest of its weights."""
        if request.size != "full":
            raise ValueError(
                f"size {request.size!r}: laion-clap has full size alone; use the engine "
                "transformers"
            )
        with without_downloads():
            module = laion_clap.CLAP_Module(
                enable_fusion=FUSION[network], amodel="HTSAT-tiny", device="cpu"
            )
        module = module.requires_grad_(requires_grad=False).eval()
        digest = self._fill(module.model, network, request)
        self._networks[network] = module.to(request.device)
        return digest

    def decode(self, path: str, network: str) -> Any:
        """Return mono audio at 48 kHz, float32 (samples,), of a file that libsndfile reads.

        Raises:
            ValueError: it is no such file, or holds no audio.

        """
        try:
            samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise ValueError(f"{path}: expected an audio file: {error.error_string}") from error
        audio = clips.mix(samples.T, path)
        if network == "clap":
            return librosa.resample(audio, orig_sr=rate_hz, target_sr=clips.RATE_HZ)
        kernel = torchaudio.transforms.Resample(
            rate_hz,
            clips.RATE_HZ,
            resampling_method="sinc_interp_kaiser",
            lowpass_filter_width=clips.KERNEL_WIDTH,
            rolloff=clips.ROLLOFF,
            beta=clips.BETA,
        )
        return kernel(torch.from_numpy(audio)).numpy()

    def windows(self, audio: Any) -> Any:
        """Embed FAD's windows, float32 (windows, 480000) to (windows, width)."""
        return self._network("fad").get_audio_embedding_from_data(
            torch.from_numpy(audio).to(self._device), use_tensor=True
        )

    def levels(self, audio: list[Any]) -> Any:
        """Embed levelled clips for the CLAP score, each (samples,), to (clips, width)."""
        return self._network("clap").get_audio_embedding_from_data(
            [torch.from_numpy(one).to(self._device) for one in audio], use_tensor=True
        )

    def texts(self, captions: list[str]) -> Any:
        """Embed captions, to (captions, width)."""
        network = self._network("clap")
        return network.get_text_embedding(captions, tokenizer=self._tokenize, use_tensor=True)

    def distance(
        self, *, reference: list[str], evaluation: list[str], seed: int, extrapolated: bool
    ) -> dict[str, Any]:
        """Return FAD of embeddings in files from those of a reference, and FAD-inf if wanted."""
        known = tuple(reference)
        plain = fadtk.calc_frechet_distance(
            *self._distances.load_stats(known),
            *fadtk.calculate_embd_statistics_online(evaluation),
        )
        if not np.isfinite(plain):
            raise ValueError("fad is not finite: expected two windows in every clip, of over 1 s")
        return {
            "plain": float(plain),
            "line": self._extrapolate(known, evaluation, seed) if extrapolated else None,
        }

    def _extrapolate(
        self, known: tuple[str, ...], evaluation: list[str], seed: int
    ) -> dict[str, Any]:
        np.random.seed(seed)  # noqa: NPY002 - fadtk draws from the global generator
        found = self._distances.score_inf(known, [Path(path) for path in evaluation])
        return {
            "value": float(found.score),
            "slope": float(found.slope),
            "r2": float(found.r2),
            "points": [[int(frames), float(value)] for frames, value in found.points],
        }

    def _fill(self, model: Any, network: str, request: Request) -> str:
        if request.weights == "random":
            return checkpoints.fill_random(model, request.seed)
        digest, numbers = checkpoints.read(request.weights, network)
        numbers.pop(POSITIONS, None)
        checkpoints.refuse_misfit(model.load_state_dict(numbers, strict=False))
        return digest

    def _tokenize(self, captions: list[str]) -> dict[str, Any]:
        tokens = self.tokenize(captions)
        return {"input_ids": tokens.input_ids, "attention_mask": tokens.attention_mask}
