"""What the endorser is trained on: the two auxiliary tasks of stage 1, and endorsements in stage 2.

Source: sec. 3 (two-stage training), App. C (data for the two-stage procedure).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from modelsvc.core.endorser.context import Context
from modelsvc.core.endorser.prompt import Prompt, PromptBuilder


@dataclass(frozen=True, eq=False)
class ItemText:
    """An item's vector [D] and the text it should evoke."""

    vector: NDArray[np.float32]
    title: str
    description: str


@dataclass(frozen=True, eq=False)
class ViewerText:
    """A viewer's vector [D] and the attributes it should evoke."""

    vector: NDArray[np.float32]
    attributes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Endorsed:
    """A context and an endorsement to imitate."""

    context: Context
    text: str


@dataclass(frozen=True, eq=False)
class Example:
    """One training sequence: what is given and the tokens to predict."""

    prompt: Prompt
    answer: tuple[int, ...]

    @property
    def length(self) -> int:
        """Tokens in all."""
        return len(self.prompt.ids) + len(self.answer)


class Task(Protocol):
    """A data set whose examples may differ by epoch; the same epoch always gives the same ones."""

    def examples(self, epoch: int) -> list[Example]:
        """All examples of one epoch, in a fixed order."""
        ...


class AuxiliaryTask:
    """Stage 1: item vector -> title and description, viewer vector -> attributes.

    Each epoch shows a viewer another ``attributes_shown`` of their attributes in another order, so that
    no attribute is only ever predicted from the ones before it. Answers are cut at
    ``max_answer_tokens``: the first sentences carry the genre and the premise, and steps stay short.
    """

    def __init__(
        self,
        prompts: PromptBuilder,
        items: Sequence[ItemText],
        viewers: Sequence[ViewerText],
        *,
        seed: int,
        attributes_shown: int = 4,
        max_answer_tokens: int = 56,
    ) -> None:
        if not items and not viewers:
            raise ValueError("stage 1 needs items or viewers")
        self._prompts, self._items, self._viewers = prompts, list(items), list(viewers)
        self._seed, self._shown, self._limit = seed, attributes_shown, max_answer_tokens

    def examples(self, epoch: int) -> list[Example]:
        """One example per item and per viewer."""
        random = np.random.default_rng([self._seed, epoch])
        built: list[Example] = []
        for item in self._items:
            text = f"{item.title}. {item.description}"
            built.append(self._example(self._prompts.item_task(item.vector), text))
        for viewer in self._viewers:
            order = random.permutation(len(viewer.attributes))[: self._shown]
            text = " ".join(viewer.attributes[index] for index in order)
            built.append(self._example(self._prompts.viewer_task(viewer.vector), text))
        return built

    def _example(self, prompt: Prompt, text: str) -> Example:
        return Example(prompt, self._prompts.answer(text)[: self._limit])


class EndorsementTask:
    """Stage 2: (I, i, u) -> Y."""

    def __init__(self, prompts: PromptBuilder, pairs: Sequence[Endorsed]) -> None:
        if not pairs:
            raise ValueError("stage 2 needs endorsements")
        self._examples = [Example(prompts.endorsement(p.context), prompts.answer(p.text)) for p in pairs]

    def examples(self, epoch: int) -> list[Example]:
        """One example per endorsement."""
        return self._examples

    @property
    def cut_prompts(self) -> int:
        """Contexts whose description did not fit into the prompt."""
        return sum(example.prompt.is_cut for example in self._examples)
