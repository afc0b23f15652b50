"""Settings of the chat engine: which model, what it is asked, and how much it may cost."""

from __future__ import annotations

import enum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from scenecap.caption.chat.address import checked_url

#: Marks fields that somebody may put a key into by mistake: an error does not repeat their values.
_HIDDEN = {"x-hidden": True}


class Profile(str, enum.Enum):
    """Kinds of servers: default address, the variable of the key, and dialect."""

    NIM = "nim"
    NIM_LOCAL = "nim_local"
    VLLM = "vllm"
    TRTLLM = "trtllm"
    LLAMACPP = "llamacpp"
    TRANSFORMERS = "transformers"
    OPENAI = "openai"
    OTHER = "other"


class GraphPart(str, enum.Enum):
    """Which relations a model is told."""

    PRUNED = "pruned"
    FULL = "full"


class Requests(str, enum.Enum):
    """Whether the texts of a frame are asked for in one request."""

    TOGETHER = "together"
    APART = "apart"


class OnUnsupported(str, enum.Enum):
    """What becomes of a model's text in which the verifier finds a claim that the scene does not support."""

    ACCEPT = "accept"
    FLAG = "flag"
    REPAIR = "repair"
    TEMPLATE = "template"
    DROP = "drop"


class ChatSettings(BaseModel):
    """The model, its server, what it is told and asked, and the limits of all this."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    profile: Profile = Field(
        Profile.OTHER,
        description="Kind of server: `nim` (NVIDIA's hosted service), `nim_local` (a NIM of your own), `vllm`, `trtllm` "
        "(`trtllm-serve`), `llamacpp`, `transformers` (`transformers serve`), `openai`, or `other`: anything that speaks the "
        "same protocol.",
    )
    url: str = Field(
        "",
        description="Address of the server, up to and with `/v1`. Empty: the profile's own. Without user name or query.",
        json_schema_extra=_HIDDEN,
    )
    name: str = Field("", max_length=200, description="The model, as its server lists it. `engine: chat` needs it.")
    key_variable: str = Field(
        "",
        pattern=r"^([A-Z_][A-Z0-9_]{0,63})?$",
        description="Environment variable that holds the key. Empty: the profile's own (`NVIDIA_API_KEY`, `OPENAI_API_KEY`), "
        "which goes to the profile's own host only. The key itself is never written into a config.",
        json_schema_extra=_HIDDEN,
    )
    key_file: Path | None = Field(
        None, description="Text file that holds the key, alone or after the host that it is for, instead of a variable."
    )
    key_host: str = Field(
        "",
        max_length=255,
        pattern=r"^[A-Za-z0-9.:\[\]_-]*$",
        description="Host that the key is for. Where it is given, the key goes to no other, whatever `model_url` is.",
        json_schema_extra=_HIDDEN,
    )
    picture: bool = Field(
        False, description="Send the picture along, for models that see. The run needs one: any `quality` but `off`."
    )
    picture_edge: int = Field(768, ge=64, le=4096, description="Longer edge of the picture that is sent [px].")
    marks: bool = Field(False, description="Draw the objects' numbers onto the picture that is sent (set of marks).")
    graph: GraphPart = Field(
        GraphPart.PRUNED, description="Relations that the model is told: those of the `pruned` graph, or of the `full` one."
    )
    max_relations: int = Field(300, ge=0, le=20_000, description="Most relations that the model is told.")
    requests: Requests = Field(
        Requests.TOGETHER, description="Ask for brief caption, paragraph and questions `together` or `apart`."
    )
    max_questions: int = Field(8, ge=1, le=50, description="Most questions that the model is asked for.")
    temperature: float = Field(0.2, ge=0.0, le=2.0, description="Sampling temperature.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of the sampling, for servers that take one.")
    max_tokens: int = Field(1024, ge=1, le=131_072, description="Longest reply [tokens].")
    enable_thinking: bool | None = Field(
        None,
        description="Switch a model's reasoning on or off (`chat_template_kwargs`). Not given: nothing is said about it.",
    )
    concurrency: int = Field(8, ge=1, le=256, description="Most requests at the same time.")
    timeout: float = Field(60.0, gt=0.0, le=3600.0, description="Longest time of one request, whatever the server does [s].")
    retries: int = Field(
        5, ge=0, le=20, description="How often a request that failed by chance (429, 5xx, timeout, a cut reply) is sent again."
    )
    retry_wait: float = Field(
        1.0, ge=0.0, le=60.0, description="Wait before the first repetition [s]; it doubles each time, with jitter."
    )
    retry_wait_max: float = Field(
        60.0, ge=0.0, le=3600.0, description="Longest wait before a repetition [s]; a server that asks for more has failed."
    )
    give_up_after: int = Field(
        10,
        ge=1,
        le=10_000,
        description="After so many frames in a row without any reply the model is not asked again in this run; templates "
        "write the other frames' captions.",
    )
    budget_requests: int | None = Field(None, ge=0, description="Most requests of a run, repetitions included.")
    budget_tokens: int | None = Field(None, ge=0, description="Most tokens of a run, sent and received.")
    budget_money: float | None = Field(None, ge=0.0, description="Most money of a run, in the currency of the two prices.")
    price_input: float = Field(0.0, ge=0.0, description="Price of a million tokens sent.")
    price_output: float = Field(0.0, ge=0.0, description="Price of a million tokens received.")
    cache: bool = Field(True, description="Keep replies: a run over the same frames with the same settings costs no request.")
    cache_path: Path | None = Field(
        None, description="Folder of the kept replies. Default: `scenecap/chat` in the user's cache folder."
    )
    prompts: Path | None = Field(
        None, description="Folder with prompt templates of your own; those that it does not have are the package's."
    )
    on_unsupported: OnUnsupported = Field(
        OnUnsupported.REPAIR,
        description="What becomes of a model's text with a claim that the scene does not support: `accept` it; `flag` it; "
        "`repair`: send the claims back, twice at most, then the template's text; `template`: its text at once; `drop` it.",
    )

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        return checked_url(value) if value.strip() else ""

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("a model's name has no control characters")
        return value.strip()
