"""The rating form: the five questions of a study on one page. Source: paper App. E, Fig. 8 and 9."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from annotations.assignment.answers import Answers, AttributeReply
from annotations.assignment.questions import PAIRWISE
from annotations.queries.rater_pages import FormPlan

_REQUIRED = {
    "required": "Please answer this question.",
    "invalid_choice": "Please choose one of the answers shown.",
}
_HEADINGS = {"precision": "Accuracy", "appeal": "Appeal", "overall": "Overall"}
_YES_NO = (("yes", "Yes"), ("no", "No"))
_KEYS = {"A": "A", "B": "B", "tie": "T", "both_bad": "X", "skip": "S", "yes": "Y", "no": "N"}


@dataclass(frozen=True, slots=True)
class Option:
    """One answer as a button; ``key`` is the keyboard key that gives it."""

    id: str
    value: str
    label: str
    key: str
    is_checked: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One question as the page shows it."""

    name: str
    id: str
    heading: str
    legend: str
    options: tuple[Option, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttributeBlocks:
    """The questions about one sampled attribute; ``aligns`` is None where the study does not ask it."""

    number: int
    text: str
    covers_a: Block
    covers_b: Block
    aligns: Block | None


class JudgmentForm(forms.Form):
    """Validates a rater's answers against what the study asks.

    Which text aligns more closely is required where both cover, and dropped where not both do.
    """

    key = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, plan: FormPlan, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.plan = plan
        pairwise = [("A", "A"), ("B", "B")]
        pairwise += [("tie", "About the same")] if plan.ties else []
        pairwise += [("both_bad", "Both are bad")] if plan.both_bad else []
        pairwise += [("skip", "Can’t say")] if plan.skip else []
        for question in PAIRWISE:
            if question in plan.questions:
                self.fields[question] = self._choice(pairwise)
        for position in range(len(plan.attributes)):
            self.fields[f"covers_a_{position}"] = self._choice(_YES_NO)
            self.fields[f"covers_b_{position}"] = self._choice(_YES_NO)
            if "prioritization" in plan.questions:
                self.fields[f"aligns_{position}"] = self._choice(pairwise, required=False)

    @staticmethod
    def _choice(choices: Any, *, required: bool = True) -> forms.ChoiceField:
        return forms.ChoiceField(
            choices=choices, required=required, widget=forms.RadioSelect, error_messages=_REQUIRED
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "prioritization" in self.plan.questions:
            for position in range(len(self.plan.attributes)):
                both = all(cleaned.get(f"covers_{side}_{position}") == "yes" for side in "ab")
                name = f"aligns_{position}"
                if not both:
                    cleaned[name] = ""
                    self._errors.pop(name, None)
                elif not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _REQUIRED["required"])
        return cleaned

    def answers(self) -> Answers:
        """The validated answers."""
        data = self.cleaned_data
        return Answers(
            choices={question: data[question] for question in PAIRWISE if question in self.fields},
            attributes={
                position: AttributeReply(
                    covers_a=data[f"covers_a_{position}"] == "yes",
                    covers_b=data[f"covers_b_{position}"] == "yes",
                    aligns=data.get(f"aligns_{position}") or None,
                )
                for position in range(len(self.plan.attributes))
            },
        )

    @property
    def idempotency_key(self) -> uuid.UUID:
        """The key of this rendering of the form; a damaged one counts as none, and costs no answers."""
        try:
            return uuid.UUID(self.cleaned_data["key"])
        except ValueError:
            return uuid.UUID(int=0)

    def comparing_blocks(self) -> list[Block]:
        """The pairwise questions asked before the attributes."""
        return [self._block(name) for name in PAIRWISE if name in self.fields and name != "overall"]

    def overall_block(self) -> Block | None:
        """The last question."""
        return self._block("overall") if "overall" in self.fields else None

    def attribute_blocks(self) -> list[AttributeBlocks]:
        """The questions about each sampled attribute."""
        return [
            AttributeBlocks(
                number=position + 1,
                text=text,
                covers_a=self._block(f"covers_a_{position}"),
                covers_b=self._block(f"covers_b_{position}"),
                aligns=self._block(f"aligns_{position}") if f"aligns_{position}" in self.fields else None,
            )
            for position, text in enumerate(self.plan.attributes)
        ]

    def erroneous_blocks(self) -> list[Block]:
        """The questions with an error, in the page's order, for the summary on top."""
        blocks = self.comparing_blocks()
        for attribute in self.attribute_blocks():
            blocks += [attribute.covers_a, attribute.covers_b]
            blocks += [attribute.aligns] if attribute.aligns else []
        overall = self.overall_block()
        return [block for block in [*blocks, *([overall] if overall else [])] if block.errors]

    def _block(self, name: str) -> Block:
        bound = self[name]
        current = str(bound.value() or "")
        kind, _, position = name.rpartition("_")
        part = {"covers_a": "coverage_a", "covers_b": "coverage_b", "aligns": "prioritization"}.get(
            kind, name
        )
        heading = _HEADINGS.get(name) or f"Preference {int(position) + 1}"
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return Block(
            name=name,
            id=f"q-{name.replace('_', '-')}",
            heading=heading,
            legend=self.plan.wording[part],
            options=tuple(
                Option(
                    id=f"q-{name.replace('_', '-')}-{index}",
                    value=str(value),
                    label=str(label),
                    key=_KEYS[str(value)],
                    is_checked=current == str(value),
                )
                for index, (value, label) in enumerate(field.choices)  # type: ignore[arg-type]
            ),
            errors=tuple(str(error) for error in bound.errors) if self.is_bound else (),
        )


def draft_answers(plan: FormPlan, data: Mapping[str, Any]) -> dict[str, str]:
    """Of a half-filled form, the answers that are valid by themselves; all else is dropped."""
    form = JudgmentForm(plan, data)
    kept: dict[str, str] = {}
    for name, field in form.fields.items():
        if isinstance(field, forms.ChoiceField):
            value = str(data.get(name, ""))
            if value in {str(choice) for choice, _ in field.choices}:  # type: ignore[misc]
                kept[name] = value
    return kept
