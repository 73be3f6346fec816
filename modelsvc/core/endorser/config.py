"""What an endorser is made of, and how it samples. Source: sec. 3, App. B.1."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EndorserConfig(BaseModel):
    """Sizes and inputs of one endorser; stored in its checkpoint.

    ``use_embeddings`` false gives SFT-Text: the viewer's profile goes into the prompt as text and
    neither vector is read. Defaults are for SmolLM2-135M on two cores; the paper (PaLM2-XS) states none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_model: str = Field(
        default="smollm2", description="smollm2, tiny, or the folder of a causal Hugging Face model"
    )
    embedding_size: int = Field(
        default=64, ge=1, description="D, width of the collaborative-filtering vectors"
    )
    prefix_tokens: int = Field(
        default=4, ge=1, description="P, soft tokens per vector; one was too few in trials"
    )
    hidden_size: int = Field(default=512, ge=1, description="width of the adapters' two hidden layers")
    use_embeddings: bool = Field(
        default=True, description="false: SFT-Text, profile as text instead of vectors"
    )
    max_prompt_tokens: int = Field(default=384, ge=16, description="longer item descriptions are cut to fit")
    max_answer_tokens: int = Field(
        default=176, ge=2, description="tokens per training answer, end of text included"
    )


class GenerationSettings(BaseModel):
    """How texts are sampled. Temperature 1 and top_p 1 sample from the policy itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_new_tokens: int = Field(default=176, ge=1, description="a text without an end by then is truncated")
    min_new_tokens: int = Field(default=0, ge=0, description="end of text is not sampled before")
    temperature: float = Field(default=0.7, ge=0.0, description="0 takes the most probable token")
    top_p: float = Field(
        default=0.95, gt=0.0, le=1.0, description="smallest set of tokens with this probability"
    )
    batch_size: int = Field(default=32, ge=1, description="texts decoded together; sorted by prompt length")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto", description="auto: bf16 where the CPU has it"
    )
