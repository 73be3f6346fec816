"""Prec: sentences, aggregation, the recipe, the trained model, Hugging Face models."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertForSequenceClassification

from modelsvc.core.endorser.context import Context
from modelsvc.core.rewards import (
    EncoderError,
    HuggingFaceNli,
    ItemText,
    NliExample,
    NliTrainingConfig,
    PrecisionModel,
    tiny_random_encoder,
    train_entailment,
)
from modelsvc.core.rewards.entailment import CONTRADICTION, ENTAILMENT, NEUTRAL, entailment_logit
from modelsvc.core.rewards.nli_recipe import catalogue_examples, display_title, premise_text, wordings
from modelsvc.core.rewards.nli_training import TrainedEntailment, roc_auc
from modelsvc.core.rewards.prec import BLANK_LOGIT, aggregate_logits
from modelsvc.core.rewards.sentences import split_sentences

PLACES = ("harbour", "desert", "palace", "forest", "station", "village", "tower", "island")
PEOPLE = ("Anna", "Boris", "Clara", "Dmitri", "Elena", "Felix", "Greta", "Hugo", "Iris", "Jonas")
DEEDS = ("steals a painting", "hides a letter", "repairs a boat", "guards a bridge", "learns to dance")


def made_items(count: int = 40) -> list[ItemText]:
    rng = np.random.default_rng(0)
    items = []
    for number in range(count):
        person, friend = rng.permutation(np.array(PEOPLE))[:2]
        place, deed = rng.choice(PLACES), rng.choice(DEEDS)
        text = (
            f"In {1900 + number}, young {person} {deed} in a {place}. "
            f"Her friend {friend} is a soldier, who wants to leave. It was shot at a {rng.choice(PLACES)}."
        )
        items.append(ItemText(str(number), f"{person} of the {place} ({1900 + number})", text))
    return items


@pytest.fixture(scope="module")
def trained() -> TrainedEntailment:
    items = made_items()
    words = {word for item in items for word in item.description.lower().replace(".", "").split()}
    encoder = tiny_random_encoder(words)
    return train_entailment(
        items, encoder, NliTrainingConfig(steps=50, items_per_batch=6, learning_rate=3e-3)
    )


def context(title: str, description: str) -> Context:
    zero = np.zeros(2, np.float32)
    return Context("1", "1", title, description, zero, zero)


class WordOverlap:
    """Entailed if every word of the hypothesis is in the premise: logit ±4."""

    def logits(self, premises: Sequence[str], hypotheses: Sequence[str]) -> Tensor:
        rows = []
        for premise, hypothesis in zip(premises, hypotheses, strict=True):
            inside = set(hypothesis.lower().strip(".").split()) <= set(
                premise.lower().replace(".", "").split()
            )
            rows.append([4.0 if inside else -4.0, 0.0, -1e4])
        return torch.tensor(rows)


def test_sentences_keep_abbreviations_and_quotes_together() -> None:
    text = 'Dr. Jones meets Lt. Hill. "Run!" she says. Is it good? Yes… It is 2001.\nThe end'
    assert split_sentences(text) == [
        "Dr. Jones meets Lt. Hill.",
        '"Run!" she says.',
        "Is it good?",
        "Yes…",
        "It is 2001.",
        "The end",
    ]
    assert split_sentences("  ") == []


def test_sigmoid_of_the_logit_is_the_probability_of_entailment() -> None:
    logits = torch.tensor([[2.0, 1.0, -1.0], [-3.0, 0.5, 4.0]])
    torch.testing.assert_close(torch.sigmoid(entailment_logit(logits)), logits.softmax(dim=1)[:, 0])


def test_aggregation_by_hand() -> None:
    logits = torch.tensor([0.0, math.log(3.0)])  # probabilities 1/2 and 3/4
    assert torch.sigmoid(aggregate_logits(logits, "min")).item() == pytest.approx(0.5)
    assert torch.sigmoid(aggregate_logits(logits, "mean")).item() == pytest.approx(0.625)
    assert torch.sigmoid(aggregate_logits(logits, "mean_log")).item() == pytest.approx(math.sqrt(0.375))


@pytest.mark.parametrize("rule", ["min", "mean", "mean_log"])
def test_aggregation_is_stable_bounded_and_the_identity_on_one_sentence(rule: str) -> None:
    for value in (-60.0, -3.0, 0.0, 3.0, 60.0):
        alone = aggregate_logits(torch.tensor([value]), rule)
        assert alone.item() == pytest.approx(value, abs=1e-3) or abs(value) > 30
        assert torch.isfinite(alone)
    mixed = aggregate_logits(torch.tensor([-60.0, 60.0, 5.0]), rule)
    assert torch.isfinite(mixed)


def test_a_false_sentence_lowers_the_text_and_a_blank_text_supports_nothing() -> None:
    model = PrecisionModel(WordOverlap())
    scene = context("Rain", "A boy fixes a boat.")
    probability, logit = model.score(
        [scene] * 4, ["A boy fixes a boat.", "A boy fixes a boat. A king dies.", "A king dies.", "  "]
    )
    torch.testing.assert_close(torch.sigmoid(logit), probability)
    assert probability[0] > probability[1] > probability[2] > 0.01
    assert logit[3] == BLANK_LOGIT


def test_titles_as_prose_has_them() -> None:
    assert display_title("Rock, The (1996)") == "The Rock"
    assert display_title("Independence Day (a.k.a. ID4) (1996)") == "Independence Day"
    assert display_title("Heat") == "Heat"


def test_recipe_is_seeded_balanced_and_true_to_its_kinds() -> None:
    items = made_items(12)
    examples = catalogue_examples(items, per_item=40, seed=1)
    assert examples == catalogue_examples(items, per_item=40, seed=1)
    assert examples != catalogue_examples(items, per_item=40, seed=2)
    share = np.mean([example.label == ENTAILMENT for example in examples])
    assert 0.4 < share < 0.7
    by_id = {item.item_id: item for item in items}
    for example in examples:
        item = by_id[example.item_id]
        assert example.premise == premise_text(item.title, item.description)
        if example.kind == "sentence":
            assert example.label == ENTAILMENT
            assert example.hypothesis in item.description
        if example.kind == "wrong_title":
            assert example.label == CONTRADICTION
            assert display_title(item.title) not in example.hypothesis
        if example.kind == "other_item":
            assert example.label == NEUTRAL
    kinds = {example.kind for example in examples}
    assert {"swapped_name", "swapped_number", "swapped_attribute", "negated", "half_true"} <= kinds


def test_wordings_never_trained_on_are_apart() -> None:
    lists = wordings()
    for name in ("frames", "chatter", "false_claims"):
        assert not set(lists[name]) & set(lists[f"unseen_{name}"])


def test_training_learns_what_holds_on_unseen_items(trained: TrainedEntailment) -> None:
    metrics = trained.metrics["unseen_items"]
    assert isinstance(metrics, dict)
    assert metrics["roc_auc"] > 0.75  # items share names and places here: some "other" facts hold
    scene = made_items()[0]
    premise = premise_text(scene.title, scene.description)
    sentence = split_sentences(scene.description)[1]
    logits = entailment_logit(trained.model.logits([premise] * 2, [sentence, "Her friend Otto is a pirate."]))
    assert logits[0] > 0 > logits[1]


def test_long_premises_are_not_cut(trained: TrainedEntailment) -> None:
    padding = "It was shot at a tower. " * 60
    late = f"{padding}Her friend Greta is a soldier."
    logits = entailment_logit(trained.model.logits([late, padding], ["Her friend Greta is a soldier."] * 2))
    assert logits[0] > logits[1]  # what only the last of 60 sentences says still counts
    states = trained.model._premises([late])[late].states
    tokens = trained.model.encoder.tokenizer(late, add_special_tokens=False)["input_ids"]
    windows = len(trained.model.encoder.windows([late]).text_rows)
    assert windows > 1
    assert len(states) == len(tokens) + 2 * windows


def test_held_out_extra_examples_are_measured_apart() -> None:
    items = made_items(8)
    extra = [
        NliExample(
            item.item_id, item.description, split_sentences(item.description)[0], ENTAILMENT, "teacher"
        )
        for item in items
    ]
    metrics = train_entailment(
        items, tiny_random_encoder(), NliTrainingConfig(steps=2), extra_examples=extra
    ).metrics
    measured = metrics["unseen_items_extra"]
    assert isinstance(measured, dict)
    assert measured["n"] == metrics["n_held_out_items"]
    assert measured["roc_auc"] is None


def test_a_held_out_description_is_never_trained_on_through_another_items_example() -> None:
    items = made_items(8)
    config = NliTrainingConfig(steps=2)
    held = train_entailment(items, tiny_random_encoder(), config).held_out
    inside = next(item for item in items if item.item_id in held)
    outside = next(item for item in items if item.item_id not in held)

    def foreign(item: ItemText, other: ItemText) -> NliExample:
        premise = premise_text(other.title, other.description)
        return NliExample(item.item_id, premise, split_sentences(item.description)[0], NEUTRAL, "foreign")

    metrics = train_entailment(
        items, tiny_random_encoder(), config,
        extra_examples=[foreign(outside, inside), foreign(inside, outside), foreign(outside, outside)],
    ).metrics  # fmt: skip
    assert metrics["n_train_extra_examples"] == 1
    assert "unseen_items_extra" not in metrics


def test_too_few_descriptions_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 4 described items, got 2"):
        train_entailment(made_items(2), tiny_random_encoder())


def test_roc_auc_by_hand() -> None:
    truth = np.array([True, False, True, False])
    assert roc_auc(np.array([3.0, 1.0, 2.0, 2.0]), truth) == pytest.approx(3.5 / 4)
    assert roc_auc(np.array([1.0]), np.array([True])) is None


@pytest.fixture
def nli_folder(tmp_path: Path) -> Path:
    encoder = tiny_random_encoder(["soldier", "tower", "boat"])
    config = BertConfig(
        **{
            **encoder.transformer.config.to_dict(),
            "num_labels": 3,
            "id2label": {0: "contradiction", 1: "entailment", 2: "neutral"},
        }
    )
    torch.manual_seed(0)
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    encoder.tokenizer.save_pretrained(tmp_path)
    return tmp_path


def test_a_hugging_face_model_is_read_by_its_label_names(nli_folder: Path) -> None:
    model = HuggingFaceNli(nli_folder)
    logits = model.logits(["A soldier."], ["A boat."])
    encoded = model.tokenizer(["A soldier."], ["A boat."], return_tensors="pt")
    with torch.no_grad():
        raw = model.model(**encoded).logits
    torch.testing.assert_close(logits, raw[:, [1, 2, 0]], atol=0.02, rtol=0.02)


def test_a_premise_longer_than_the_model_is_windowed(nli_folder: Path) -> None:
    """The best window speaks: adding text around a premise never lowers its entailment."""
    model = HuggingFaceNli(nli_folder)
    long = "Soldier. " + "Tower boat tower. " * 80
    windows = model._windows(long, 100)
    assert len(windows) > 2
    assert all(model._length(window) <= 100 for window in windows)
    assert model.logits([long, "Boat."], ["Boat."] * 2).shape == (2, 3)


def test_a_folder_without_an_nli_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=str(tmp_path)):
        HuggingFaceNli(tmp_path)
