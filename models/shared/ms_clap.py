"""The text half of Microsoft's CLAP of 2022 (arXiv:2206.04769): BERT and a projection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn  # noqa: TID253 - at home in a model's environment
from torch.nn import functional  # noqa: TID253
from transformers import BertModel, BertTokenizerFast

from shared import tokens
from shared.networks import Network
from shared.parts import Part

if TYPE_CHECKING:
    from pathlib import Path

TOKENIZER = "bert-base-uncased"
BERT: dict[str, dict[str, Any]] = {
    "full": {},
    "tiny": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    },
}
PROJECTION = {"full": {"inputs": 768, "outputs": 1024}, "tiny": {"inputs": 32, "outputs": 32}}


def text_encoder(size: str) -> Part:
    """Token ids (b, 77) to hidden states (b, 77, 768); the pooler is there and not used."""
    return Part(BertModel, BERT[size])


def projection(size: str) -> Part:
    """Hidden states (b, 77, 768) to the condition (b, 77, 1024)."""
    return Part(Projection, PROJECTION[size])


class Projection(Network):
    """CLAP's head, applied to every token: a linear map, and a second one beside it."""

    def __init__(self, *, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(inputs, outputs, bias=False)
        self.linear2 = nn.Linear(outputs, outputs, bias=False)
        self.layer_norm = nn.LayerNorm(outputs)

    def forward(self, x: Any) -> Any:
        """(b, tokens, inputs) to (b, tokens, outputs)."""
        first = self.linear1(x)
        return self.layer_norm(first + self.linear2(functional.gelu(first)))


class BertStub(tokens.Stub):
    """Stands in for BERT's tokenizer (arXiv:1810.04805): its special ids, its vocabulary's size."""

    BEFORE, PAD, END, FIRST_WORD, VOCABULARY = (101,), 0, 102, 1000, 30522


def load_tokenizer(folder: Path | None) -> Any:
    """Load BERT's tokenizer from beside the checkpoint; without one a stub stands in."""
    if folder is None:
        return BertStub(model_max_length=512)
    return tokens.load(BertTokenizerFast, folder / TOKENIZER)
