"""Tokenizers: those of a checkpoint, and stubs for random weights, with ids at the real lengths."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - at home in a model's environment
from transformers import RobertaTokenizerFast, T5TokenizerFast

from shared import faults

if TYPE_CHECKING:
    from pathlib import Path

WORD = re.compile(r"\w+|[^\w\s]")


def load(cls: type, folder: Path) -> Any:
    """Load a tokenizer from the folder that holds its files."""
    if not folder.is_dir():
        raise RuntimeError(f"{folder.name} is missing: expected the folder {folder}")
    refuse_empty(cls, folder)
    try:
        # The clean-up is the default of these releases; they warn unless it is asked for.
        return cls.from_pretrained(folder, local_files_only=True, clean_up_tokenization_spaces=True)
    except (OSError, ValueError, TypeError, ImportError) as error:
        raise RuntimeError(
            f"{folder.name} in {folder} does not load: {faults.first_line(error)}"
        ) from error


def refuse_empty(cls: Any, folder: Path) -> None:
    """Refuse a folder without a vocabulary.

    transformers 5 would make of it a tokenizer of a few tokens, to which all prompts are alike.
    """
    pieces = dict(cls.vocab_files_names)
    whole = pieces.pop("tokenizer_file", "tokenizer.json")
    if not any(all((folder / one).is_file() for one in way) for way in ([whole], pieces.values())):
        raise RuntimeError(
            f"{folder.name} has no vocabulary: expected {whole} or {' and '.join(pieces.values())} "
            f"in {folder}; fetch it again"
        )


@dataclass(frozen=True)
class Tokens:
    """Ids and attention mask, both int64 of shape (texts, length)."""

    input_ids: Any
    attention_mask: Any

    def __getitem__(self, name: str) -> Any:
        """Return either by its name, as a tokenizer's answer does."""
        return getattr(self, name)


class Stub:
    """One id per word and per punctuation mark, the same for the same word."""

    BEFORE: tuple[int, ...] = ()  # ids that open a text
    PAD: int
    END: int
    FIRST_WORD: int
    VOCABULARY: int

    def __init__(self, *, model_max_length: int) -> None:
        self.model_max_length = model_max_length

    def __call__(
        self,
        text: str | list[str],
        *,
        padding: str | bool,
        max_length: int | None = None,
        truncation: bool = False,
        return_tensors: str = "pt",
    ) -> Tokens:
        """Turn texts into ids, padded to ``max_length`` or to the longest text."""
        if return_tensors != "pt" or padding not in {"max_length", "longest", True}:
            raise ValueError(f"the stub tokenizer has no padding {padding!r} as {return_tensors!r}")
        limit = max_length or self.model_max_length
        rows = [self._ids(one) for one in ([text] if isinstance(text, str) else text)]
        if truncation:
            rows = [row if len(row) <= limit else [*row[: limit - 1], self.END] for row in rows]
        length = limit if padding == "max_length" else max(map(len, rows))
        ids = torch.tensor([row + [self.PAD] * (length - len(row)) for row in rows])
        return Tokens(ids, (ids != self.PAD).long())

    def batch_decode(self, ids: Any) -> list[str]:
        """Answer for the message about a truncated text: ids have no words to go back to."""
        return [f"{len(row)} tokens" for row in ids]

    def _ids(self, text: str) -> list[int]:
        return [*self.BEFORE, *map(self._id, WORD.findall(text)), self.END]

    def _id(self, word: str) -> int:
        number = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        return self.FIRST_WORD + number % (self.VOCABULARY - self.FIRST_WORD)


# diffusers chooses the padding by the class of a tokenizer, so the stubs are of the real classes.
class RobertaStub(Stub, RobertaTokenizerFast):
    """RoBERTa's special ids and size of the vocabulary (arXiv:1907.11692)."""

    BEFORE, PAD, END, FIRST_WORD, VOCABULARY = (0,), 1, 2, 4, 50265


class T5Stub(Stub, T5TokenizerFast):
    """T5's special ids and size of the vocabulary (arXiv:1910.10683)."""

    PAD, END, FIRST_WORD, VOCABULARY = 0, 1, 3, 32100
