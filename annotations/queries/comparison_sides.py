"""Which of two texts is the test system's: for simulated raters, who see only the texts."""

from annotations.bots.journey import BotStuckError, hash_text
from annotations.models import Comparison


class SideFinder:
    """Looks up the texts of one study, all loaded beforehand, so that threads may share it."""

    def __init__(self, study_id: int) -> None:
        rows = Comparison.objects.filter(study_id=study_id).values_list(
            "test_endorsement__text", "baseline_endorsement__text"
        )
        self._pairs = {(hash_text(test), hash_text(baseline)) for test, baseline in rows.iterator()}

    def find(self, hash_a: str, hash_b: str) -> str:
        """Where the test system's text stands, given the hashes of the texts at A and at B.

        Raises:
            BotStuckError: the study has no comparison of these two texts, or has it both ways round.
        """
        is_at_a, is_at_b = (hash_a, hash_b) in self._pairs, (hash_b, hash_a) in self._pairs
        if is_at_a == is_at_b:
            raise BotStuckError("the texts on the page cannot be told apart from the study's texts")
        return "A" if is_at_a else "B"
