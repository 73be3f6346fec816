from annotations.admin.accounts import GroupAdmin, UserAdmin
from annotations.admin.catalogues import (
    CatalogueAdmin,
    EndorsementAdmin,
    ItemAdmin,
    PairAdmin,
    ProfileAdmin,
    SystemAdmin,
    ViewerAdmin,
)
from annotations.admin.crowd import CrowdEventAdmin, CrowdSessionAdmin
from annotations.admin.judging import AssignmentAdmin, EnrolmentAdmin, JudgmentAdmin, RaterAdmin
from annotations.admin.runs import (
    ArtifactAdmin,
    PreferenceLabelAdmin,
    RunAdmin,
    RunEventAdmin,
    SnapshotAdmin,
)
from annotations.admin.studies import (
    AuditEventAdmin,
    ComparisonAdmin,
    ContrastAdmin,
    InvitationAdmin,
    SlotAdmin,
    StudyAdmin,
)

__all__ = [
    "ArtifactAdmin",
    "AssignmentAdmin",
    "AuditEventAdmin",
    "CatalogueAdmin",
    "ComparisonAdmin",
    "ContrastAdmin",
    "CrowdEventAdmin",
    "CrowdSessionAdmin",
    "EndorsementAdmin",
    "EnrolmentAdmin",
    "GroupAdmin",
    "InvitationAdmin",
    "ItemAdmin",
    "JudgmentAdmin",
    "PairAdmin",
    "PreferenceLabelAdmin",
    "ProfileAdmin",
    "RaterAdmin",
    "RunAdmin",
    "RunEventAdmin",
    "SlotAdmin",
    "SnapshotAdmin",
    "StudyAdmin",
    "SystemAdmin",
    "UserAdmin",
    "ViewerAdmin",
]
