"""Guards on generated text."""

import pytest

from modelsvc.core.endorser.text_guards import (
    check_text,
    copied_share,
    repetition_share,
    summarize_guards,
    unsupported_names,
    unsupported_numbers,
)


def test_repetition_by_hand() -> None:
    assert repetition_share("one two three four five") == 0.0
    # a b c d a b c d: five 4-grams, of which "a b c d" occurs twice.
    assert repetition_share("a b c d a b c d") == pytest.approx(0.2)
    assert repetition_share("so good " * 50) > 0.95
    assert repetition_share("short") == 0.0


def test_copied_share_by_hand() -> None:
    description = "A young woman in Paris decides to help strangers."
    assert copied_share("a young woman in Paris smiles", description) == pytest.approx(5 / 6)
    assert copied_share("She helps people in Paris.", description) == 0.0
    assert copied_share("", description) == 0.0


def test_names_and_numbers_without_support() -> None:
    source = "Amélie (2001). Audrey Tautou plays a waitress in Paris."
    text = "Amélie's waitress, played by Tautou, meets Tom Hanks in Paris. I say Rome in 1999 beats 2001."
    assert unsupported_names(text, source) == ("Tom", "Hanks", "Rome")
    assert unsupported_numbers(text, source) == ("1999",)


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    assert unsupported_names("Splendid! Wonderful fun.\nDelightful.", "x") == ()


def test_summary_over_texts() -> None:
    texts = ["You will like this film a lot.", "You will like Rome.", "Another thing entirely."]
    guards = [
        check_text(text, title="Film", description="A film.", truncated=index == 2)
        for index, text in enumerate(texts)
    ]
    summary = summarize_guards(guards, texts)
    assert summary.mean_words == pytest.approx((7 + 4 + 3) / 3)
    assert summary.with_unsupported_names == pytest.approx(1 / 3)
    assert summary.truncated == pytest.approx(1 / 3)
    assert summary.distinct_openings == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match="at least one"):
        summarize_guards([], [])
