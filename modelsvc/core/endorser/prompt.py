"""The prompt: text tokens with places held open for the soft tokens of i and u.

Source: sec. 3 (T, W_I and W_U map into one token space); footnote 4 (SFT-Text reads the profile as text).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from modelsvc.core.endorser.config import EndorserConfig
from modelsvc.core.endorser.context import Context

ITEM_PLACE = -1
VIEWER_PLACE = -2
"""Stand-ins for token ids where an adapter's soft tokens go; never a vocabulary id."""

SYSTEM_TEXT = "You recommend items to people, truthfully and to their taste."
_GAP = "\u241f"


@dataclass(frozen=True, eq=False)
class Prompt:
    """Token ids with ITEM_PLACE / VIEWER_PLACE, and the vectors that fill those places.

    ``ids`` holds ``prefix_tokens`` places for each vector that is not None. ``is_cut`` tells that the
    item's description did not fit.
    """

    ids: tuple[int, ...]
    item_vector: NDArray[np.float32] | None
    viewer_vector: NDArray[np.float32] | None
    is_cut: bool = False


def _chat_frame(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str]:
    """Text before and after the user's turn, from the model's own chat template if it has one."""
    if not getattr(tokenizer, "chat_template", None):
        return f"{SYSTEM_TEXT}\n", "\nAnswer:\n"
    turns = [{"role": "system", "content": SYSTEM_TEXT}, {"role": "user", "content": _GAP}]
    rendered = str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True))
    before, found, after = rendered.partition(_GAP)
    if not found:
        raise ValueError("the tokenizer's chat template drops or rewrites the user's turn")
    return before, after


class PromptBuilder:
    """Builds the prompts of the endorsement task and of the two auxiliary tasks of stage 1."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, config: EndorserConfig) -> None:
        self._tokenizer = tokenizer
        self._config = config
        before, after = _chat_frame(tokenizer)
        self._before, self._after = self._encode(before), self._encode(after)

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def _places(self, marker: int) -> list[int]:
        return [marker] * self._config.prefix_tokens

    def endorsement(self, context: Context) -> Prompt:
        """The prompt for c = (I, i, u); SFT-Text gets the profile's sentences instead of i and u."""
        if self._config.use_embeddings:
            about_viewer = [
                *self._encode("\nItem:"),
                *self._places(ITEM_PLACE),
                *self._encode("\nViewer:"),
                *self._places(VIEWER_PLACE),
            ]
        else:
            profile = " ".join(context.profile)
            about_viewer = self._encode(f"\nViewer: {profile}" if profile else "\nViewer: unknown")
        request = self._encode("\nRecommend the item to the viewer.")
        title = self._encode(f"{context.item_title}\n")
        description = self._encode(context.item_description)
        fixed = len(self._before) + len(title) + len(about_viewer) + len(request) + len(self._after)
        room = self._config.max_prompt_tokens - fixed
        if room < 0:
            raise ValueError(
                f"item {context.item_id}, viewer {context.viewer_id}: the prompt needs {fixed} tokens "
                f"before any description, but max_prompt_tokens is {self._config.max_prompt_tokens}"
            )
        ids = (*self._before, *title, *description[:room], *about_viewer, *request, *self._after)
        is_cut = len(description) > room
        if not self._config.use_embeddings:
            return Prompt(ids, None, None, is_cut)
        return Prompt(ids, context.item_vector, context.viewer_vector, is_cut)

    def item_task(self, vector: NDArray[np.float32]) -> Prompt:
        """Auxiliary task: item vector -> description, with no text about the item to copy from."""
        ids = (
            *self._before,
            *self._encode("Item:"),
            *self._places(ITEM_PLACE),
            *self._encode("\nDescribe the item."),
            *self._after,
        )
        return Prompt(ids, vector, None)

    def viewer_task(self, vector: NDArray[np.float32]) -> Prompt:
        """Auxiliary task: viewer vector -> profile."""
        ids = (
            *self._before,
            *self._encode("Viewer:"),
            *self._places(VIEWER_PLACE),
            *self._encode("\nDescribe the viewer's taste."),
            *self._after,
        )
        return Prompt(ids, None, vector)

    def answer(self, text: str) -> tuple[int, ...]:
        """Token ids of a training answer with its end of text.

        A text over max_answer_tokens is cut and gets no end, so that stopping mid-sentence is not taught.
        """
        stripped = text.strip()
        if not stripped:
            raise ValueError("an answer to train on is empty")
        ids = [*self._encode(stripped), self._end_id]
        return tuple(ids[: self._config.max_answer_tokens])

    @property
    def _end_id(self) -> int:
        return int(self._tokenizer.eos_token_id)


def prompt_lengths(prompts: Sequence[Prompt]) -> list[int]:
    """Tokens per prompt."""
    return [len(prompt.ids) for prompt in prompts]
