"""Entailment examples from precision labels."""

import numpy as np
import pytest

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards import PreferencePair, examples_from_precision_pairs
from modelsvc.core.rewards.entailment import CONTRADICTION, ENTAILMENT, NEUTRAL

ZERO = np.zeros(2, np.float32)
HARBOUR = Context("1", "u", "Harbour", "A fisherman repairs an ancient trawler in Norway.", ZERO, ZERO)
DESERT = Context("2", "u", "Desert", "Two smugglers cross burning dunes at night.", ZERO, ZERO)
TRUE = "You will love it. An ancient trawler is repaired by a fisherman."
EDITED = "You will love it. An ancient trawler is repaired by a dentist."


def labels(pairs: list[PreferencePair]) -> dict[tuple[str, str], int]:
    return {
        (example.premise.split(".")[0], example.hypothesis): example.label
        for example in examples_from_precision_pairs(pairs)
    }


@pytest.mark.parametrize("swapped", [False, True])
def test_the_sentences_that_an_edit_changed_are_false(swapped: bool) -> None:
    texts = (EDITED, TRUE) if swapped else (TRUE, EDITED)
    pair = PreferencePair(HARBOUR, *texts, 0.05 if swapped else 0.95)
    other = PreferencePair(DESERT, "Smugglers cross dunes.", "A cook sings. A king dances.", 0.9)
    found = labels([pair, other])
    assert found["Harbour", "You will love it."] == ENTAILMENT
    assert found["Harbour", "An ancient trawler is repaired by a fisherman."] == ENTAILMENT
    assert found["Harbour", "An ancient trawler is repaired by a dentist."] == CONTRADICTION
    # Of another item the same claim is neutral, and talk that claims nothing is not held against it.
    assert found["Desert", "An ancient trawler is repaired by a fisherman."] == NEUTRAL
    assert ("Desert", "You will love it.") not in found
    # A text that is no edit of the better one says nothing about its single sentences.
    assert ("Desert", "A cook sings.") not in found


def test_unsure_labels_teach_nothing() -> None:
    assert examples_from_precision_pairs([PreferencePair(HARBOUR, TRUE, EDITED, 0.6)]) == []
