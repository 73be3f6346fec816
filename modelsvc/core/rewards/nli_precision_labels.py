"""Entailment examples from precision labels: what labellers found accurate, and what not."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from modelsvc.core.rewards.entailment import CONTRADICTION, ENTAILMENT, NEUTRAL
from modelsvc.core.rewards.nli_recipe import NliExample, premise_text
from modelsvc.core.rewards.records import PreferencePair
from modelsvc.core.rewards.sentences import split_sentences

SURE = 0.75
"""P of a label from which its preferred text counts as accurate."""

_WORD = re.compile(r"[a-z]{4,}")


def examples_from_precision_pairs(
    pairs: Sequence[PreferencePair], *, sure: float = SURE, seed: int = 0
) -> list[NliExample]:
    """Sentences of sure precision labels as examples for ``train_entailment``.

    The sentences of the more precise text are entailed. Where the other text is an edit of it
    (half of its sentences are the same), the sentences that differ are contradicted. A sentence
    that shares words with its own description is neutral to another item's, so that new wordings
    are seen false as well as true.

    Args:
        pairs: precision labels; unsure ones are left out.
        sure: in (0.5, 1].
        seed: decides which other item a sentence is held against.
    """
    rng = np.random.default_rng(seed)
    premises: Mapping[str, str] = {
        pair.context.item_id: premise_text(pair.context.item_title, pair.context.item_description)
        for pair in pairs
    }
    ids = sorted(premises)
    examples: dict[tuple[str, str, int], NliExample] = {}
    for pair in pairs:
        if max(pair.p_first, 1 - pair.p_first) < sure:
            continue
        better, worse = pair.first_text, pair.second_text
        if pair.p_first < 0.5:
            better, worse = worse, better
        item_id = pair.context.item_id
        true = split_sentences(better)
        other = [sentence for sentence in split_sentences(worse) if sentence not in true]
        found = [(premises[item_id], sentence, ENTAILMENT, "precise") for sentence in true]
        if len(other) <= len(true) / 2:
            found += [(premises[item_id], sentence, CONTRADICTION, "imprecise") for sentence in other]
        if len(ids) > 1:
            place = (ids.index(item_id) + 1 + int(rng.integers(len(ids) - 1))) % len(ids)
            foreign = premises[ids[place]]
            own, theirs = _words(premises[item_id]), _words(foreign)
            found += [
                (foreign, sentence, NEUTRAL, "foreign")
                for sentence in true
                if len((_words(sentence) & own) - theirs) >= 2
            ]
        for premise, sentence, label, kind in found:
            examples.setdefault(
                (premise, sentence, label), NliExample(item_id, premise, sentence, label, kind)
            )
    return list(examples.values())


def _words(text: str) -> set[str]:
    # Five letters stand for a word and its inflections.
    return {word[:5] for word in _WORD.findall(text.lower())}
