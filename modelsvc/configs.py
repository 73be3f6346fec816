"""The config of each kind of machine run, typed and documented; light, so that a web process may load it.

The paper states no hyperparameter values. Defaults are what was measured to fit two cores.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Split = Literal["train", "collect", "test"]
Criterion = Literal["precision", "appeal", "coverage", "prioritization", "overall"]
Slug = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$", description="name of the system that the texts go under")


class RunConfig(BaseModel):
    """Unknown fields are errors, so that a misspelt option never passes silently."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EmbeddingsConfig(RunConfig):
    """Matrix factorization of the catalogue's ratings (sec. 2)."""

    embedding_size: int = Field(32, ge=3, description="D, width of viewer and item vectors")
    epochs: int = Field(10, ge=1, description="alternating least-squares passes")
    reg: float = Field(0.1, gt=0, description="L2 strength per rating")
    held_out_share: float = Field(0.1, ge=0, lt=1, description="share of ratings kept to measure the RMSE on")


class ProfilesConfig(RunConfig):
    """Viewer profiles written by the teacher from liked and disliked items (App. C)."""

    replace: bool = Field(
        False, description="also write for viewers who have one; what differs becomes a new version"
    )
    liked_at_least: float = Field(4.0, description="ratings from here on count as liked, in rating units")
    disliked_at_most: float = Field(2.5, description="ratings up to here count as disliked, in rating units")


class TeacherEndorsementsConfig(RunConfig):
    """Endorsements written by the teacher, and drafts with one known fault each (App. C, App. F)."""

    system: str = Slug
    title: str = Field("Rules teacher", max_length=200, description="name shown to people")
    splits: tuple[Split, ...] = Field(("train", "collect", "test"), description="whose pairs are written for")
    uses_profile: bool = Field(True, description="false writes for no viewer in particular")
    drafts_system: str | None = Field(None, description="also write faulty drafts under this system's name")
    drafts_pairs: int = Field(160, ge=0, description="how many training pairs get faulty drafts")


class EndorserRunConfig(RunConfig):
    """Behaviour cloning of an endorser: SFT with embeddings, SFT-Text without (sec. 3, App. B.1)."""

    base_model: str = Field("smollm2", description="smollm2, tiny (tests), or a Hugging Face folder")
    use_embeddings: bool = Field(True, description="false trains SFT-Text: profile as text, no vectors")
    systems: tuple[str, ...] = Field(("teacher-rules",), description="whose endorsements are imitated")
    splits: tuple[Literal["train", "collect"], ...] = Field(
        ("train", "collect"), description="test pairs are never trained on"
    )
    prefix_tokens: int = Field(4, ge=1, description="soft tokens per vector")
    stage_1_steps: int = Field(200, ge=0, description="adapter-only steps; 0 trains in one stage")
    stage_1_batch_size: int = Field(8, ge=1, description="auxiliary examples per step")
    steps: int = Field(75, ge=1, description="steps on the endorsements")
    batch_size: int = Field(8, ge=1, description="endorsements per step")
    learning_rate: float = Field(2e-4, gt=0, description="of the transformer, at its peak")
    weights: Literal["all", "lora"] = Field("all", description="what stage 2 trains in the transformer")
    max_prompt_tokens: int = Field(384, ge=16, description="longer item descriptions are cut to fit")
    max_answer_tokens: int = Field(
        176, ge=2, description="per training text, end of text included; longer ones are cut"
    )


class GenerateConfig(RunConfig):
    """Endorsements sampled from a trained endorser and recorded under a system."""

    system: str = Slug
    title: str = Field(max_length=200, description="name shown to people")
    kind: Literal["sft_text", "sft", "p4lm"] = Field(description="what kind of system this is")
    splits: tuple[Split, ...] = Field(("test",), description="whose pairs are written for")
    limit: int | None = Field(None, ge=1, description="at most this many pairs, in their order")
    temperature: float = Field(0.7, ge=0, description="0 takes the most probable token")
    top_p: float = Field(0.95, gt=0, le=1, description="smallest set of tokens with this probability")
    max_new_tokens: int = Field(176, ge=1, description="a text without an end by then is truncated")
    batch_size: int = Field(32, ge=1, description="texts sampled together; part of what a seed gives")


class AiLabelsConfig(RunConfig):
    """Preference labels from the teacher, soft and over both orders (App. C)."""

    systems: tuple[str, ...] = Field(min_length=2, description="whose texts are compared, pair by pair")
    splits: tuple[Literal["train", "collect"], ...] = Field(
        ("train", "collect"), description="whose pairs are labelled; never test pairs"
    )
    criteria: tuple[Criterion, ...] = Field(
        ("precision", "appeal", "coverage", "prioritization"), description="what is asked of each text pair"
    )
    max_comparisons: int = Field(900, ge=1, description="text pairs labelled, drawn with the run's seed")


class RewardsConfig(RunConfig):
    """The four reward models from a snapshot of labels (sec. 4.1)."""

    encoder: str = Field("minilm", description="minilm, tiny (tests), or a Hugging Face folder")
    nli_model: str | None = Field(None, description="folder of an NLI classifier; none: the shipped recipe")
    nli_steps: int = Field(150, ge=1, description="steps of the shipped entailment recipe")
    epochs: int = Field(3, ge=1, description="passes over the labels for each of App, Pcov, Ppr")
    batch_size: int = Field(16, ge=1, description="labels per step")
    learning_rate: float = Field(1e-4, gt=0, description="of the encoder")


class PolicyConfig(RunConfig):
    """REINFORCE with KL on the joint reward: SFT becomes P4LM (sec. 4.2, App. D)."""

    steps: int = Field(24, ge=1, description="updates of the policy")
    contexts_per_step: int = Field(4, ge=1, description="viewer–item pairs per update")
    samples_per_context: int = Field(
        4, ge=2, description="texts per pair; each one's baseline is the mean of the others"
    )
    beta: float = Field(0.05, ge=0, description="eq. 3: weight of the trajectory KL in nats")
    learning_rate: float = Field(2e-4, gt=0, description="of the weights that are trained")
    max_new_tokens: int = Field(160, ge=1, description="a text without an end by then is penalized")
    reward_form: Literal["log_sigmoid", "linear"] = Field("log_sigmoid", description="eq. 2 or eq. 1")
    eta_prec: float = Field(1.0, ge=0, description="weight of Prec")
    eta_app: float = Field(1.0, ge=0, description="weight of App")
    eta_pcov: float = Field(1.0, ge=0, description="weight of Pcov")
    eta_ppr: float = Field(1.0, ge=0, description="weight of Ppr")
    reference_system: str = Field(
        "teacher-rules", description="whose text is Y_ref in eq. 2; empty: a sample of the SFT policy"
    )
    pairs: int = Field(200, ge=1, description="training pairs that contexts are drawn from")


class EvaluateConfig(RunConfig):
    """Model-based evaluation on the test pairs (sec. 5, App. B)."""

    systems: tuple[str, ...] = Field(min_length=1, description="whose texts are scored")
    baseline: str = Field(description="the system that the others are compared with")
    splits: tuple[Split, ...] = Field(("test",), description="whose pairs count")
