"""What is known of crowd platforms before a study says anything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform's usual names: of its URL parameters and of the address that takes raters back."""

    name: str
    title: str
    rater_parameter: str
    study_parameter: str
    session_parameter: str
    return_url: str
    return_host: str
    placeholder: str
    """How the platform writes "put the value of this parameter here" in a study's address."""


PROLIFIC = Platform(
    name="prolific",
    title="Prolific",
    rater_parameter="PROLIFIC_PID",
    study_parameter="STUDY_ID",
    session_parameter="SESSION_ID",
    return_url="https://app.prolific.com/submissions/complete?cc={code}",
    return_host="app.prolific.com",
    placeholder="{{%NAME%}}",
)
PLATFORMS = {platform.name: platform for platform in (PROLIFIC,)}
