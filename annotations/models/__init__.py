from annotations.models.artifact import Artifact
from annotations.models.assignment import Assignment, Draft
from annotations.models.audit import AuditEvent
from annotations.models.catalogue import Catalogue, Pair, Split
from annotations.models.comparison import Comparison, SampledAttribute
from annotations.models.crowd import CrowdEvent, CrowdSession
from annotations.models.endorsement import Endorsement
from annotations.models.item import Item
from annotations.models.judgment import AttributeAnswer, Choice, Judgment
from annotations.models.label import PreferenceLabel
from annotations.models.rater import Enrolment, Invitation, Rater
from annotations.models.run import Run, RunEvent, RunInput
from annotations.models.slot import Position, Slot
from annotations.models.snapshot import Snapshot
from annotations.models.study import Contrast, Purpose, Study, StudyMember
from annotations.models.system import System
from annotations.models.viewer import Attribute, Profile, Viewer

__all__ = [
    "Artifact",
    "Assignment",
    "Attribute",
    "AttributeAnswer",
    "AuditEvent",
    "Catalogue",
    "Choice",
    "Comparison",
    "Contrast",
    "CrowdEvent",
    "CrowdSession",
    "Draft",
    "Endorsement",
    "Enrolment",
    "Invitation",
    "Item",
    "Judgment",
    "Pair",
    "Position",
    "PreferenceLabel",
    "Profile",
    "Purpose",
    "Rater",
    "Run",
    "RunEvent",
    "RunInput",
    "SampledAttribute",
    "Slot",
    "Snapshot",
    "Split",
    "Study",
    "StudyMember",
    "System",
    "Viewer",
]
