"""Forms of the study page."""

from django import forms

from annotations.models import Rater


class LinkForm(forms.Form):
    """A new link for raters."""

    rater_kind = forms.ChoiceField(
        label="Who will use it", choices=Rater.Kind.choices, initial=Rater.Kind.HUMAN
    )
    max_raters = forms.IntegerField(
        label="At most this many raters",
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text="Leave empty for no limit.",
    )


class DecisionForm(forms.Form):
    """Whether a rater's answers count, and why."""

    decision = forms.ChoiceField(choices=[("exclude", "Exclude"), ("include", "Count again")])
    reason = forms.CharField(
        label="Reason", max_length=500, error_messages={"required": "A reason is needed."}
    )
