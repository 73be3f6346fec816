"""Whatever a policy samples is kept as one clean line, and an empty text is marked as one."""

from dataclasses import replace

import pytest

from annotations.models import Endorsement
from modelsvc.core.endorser.model import Endorser
from modelsvc.services.generation import NO_TEXT, clean_text
from tests.modelsvc.world import GENERATE, World


@pytest.mark.parametrize(
    ("sampled", "kept"),
    [
        ("A quiet film.", "A quiet film."),
        ("  two\n\nlines\tand a tab ", "two lines and a tab"),
        ("nul\x00 bell\x07 escape\x1b[31m", "nul bell escape [31m"),
        ("left\u202eright\u200b!", "left right !"),
        ("half of a pair \ud83d here", "half of a pair here"),
        ("Café — “quoted” 🎬", "Café — “quoted” 🎬"),
        ("\x00\n\t ", ""),
    ],
)
def test_control_characters_become_single_spaces(sampled: str, kept: str) -> None:
    assert clean_text(sampled) == kept


@pytest.mark.django_db
def test_an_empty_sample_is_recorded_and_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Endorser.generate

    def empty_first(self, contexts, settings, *, seed):
        samples = original(self, contexts, settings, seed=seed)
        return replace(samples, texts=["\x00\n", "good\x00text", *samples.texts[2:]])

    monkeypatch.setattr(Endorser, "generate", empty_first)
    run = world.executed("generate", {**GENERATE, "splits": ["test"], "limit": 2}, policy=world.sft)
    assert run.status == "succeeded", run.error
    texts = Endorsement.objects.filter(run=run).order_by("pk")
    assert [text.text for text in texts] == [NO_TEXT, "good text"]
    assert [text.metadata["empty"] for text in texts] == [True, False]
    assert run.result["guards"]["texts"] == 2
