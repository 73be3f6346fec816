"""The teacher as a baseline that does not know the viewer."""

from annotations.models import Endorsement
from annotations.services.runs import create_run, execute_inline


def test_without_the_profile_the_teacher_writes_the_same_kind_of_text_for_everybody(world):
    config = {"system": "generic", "title": "No profile", "splits": ["test"], "uses_profile": False}
    run = create_run(
        kind="teacher_endorsements", config=config, seed=3, catalogue=world.catalogue, dispatched=False
    )
    assert execute_inline(run=run).result["endorsements"] == 6
    tailored = dict(
        Endorsement.objects.filter(system__name="teacher", item__pairs__split="test").values_list(
            "item_id", "text"
        )
    )
    generic = dict(Endorsement.objects.filter(system__name="generic").values_list("item_id", "text"))
    assert generic.keys() <= tailored.keys()
    assert all(generic[item] != tailored[item] for item in generic)
