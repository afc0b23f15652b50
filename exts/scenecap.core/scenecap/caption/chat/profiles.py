"""What is known of each kind of server: its address, whose key it takes, and the dialect it starts with.

Where a server turns out to be different, the probe (:mod:`scenecap.caption.chat.probe`) corrects it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scenecap.caption.chat.capabilities import Capabilities, Rung
from scenecap.caption.chat.settings import Profile


@dataclass(frozen=True)
class ProfileFacts:
    """One kind of server.

    Attributes:
        title: Its name for people.
        url: Its own address; empty where there is none.
        variables: Environment variables of its key, the first that is set counts.
        hosts: Hosts that these variables' keys are for.
        start: What it is taken to understand before it is probed.
    """

    title: str
    url: str = ""
    variables: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    start: Capabilities = field(default_factory=Capabilities)


PROFILES: Mapping[Profile, ProfileFacts] = {
    Profile.NIM: ProfileFacts(
        "NVIDIA NIM, hosted",
        "https://integrate.api.nvidia.com/v1",
        ("NVIDIA_API_KEY", "NIM_API_KEY"),
        ("integrate.api.nvidia.com",),
    ),
    Profile.NIM_LOCAL: ProfileFacts("NVIDIA NIM, self-hosted", "http://localhost:8000/v1"),
    Profile.VLLM: ProfileFacts("vLLM", "http://localhost:8000/v1"),
    Profile.TRTLLM: ProfileFacts("trtllm-serve", "http://localhost:8000/v1"),
    Profile.LLAMACPP: ProfileFacts("llama.cpp server", "http://localhost:8080/v1"),
    # `transformers serve` streams every reply and knows no response formats
    Profile.TRANSFORMERS: ProfileFacts(
        "transformers serve", "http://localhost:8000/v1", start=Capabilities(rung=Rung.PLAIN, stream=True, seed=False)
    ),
    Profile.OPENAI: ProfileFacts(
        "OpenAI",
        "https://api.openai.com/v1",
        ("OPENAI_API_KEY",),
        ("api.openai.com",),
        # its newer models refuse max_tokens, and all take the newer name
        start=Capabilities(token_limit="max_completion_tokens"),
    ),
    Profile.OTHER: ProfileFacts("OpenAI-compatible server"),
}

#: Variables that belong to somebody: their keys go to their owner's hosts, whatever a config says.
OWNED_VARIABLES: Mapping[str, tuple[str, ...]] = {
    variable: facts.hosts for facts in PROFILES.values() for variable in facts.variables
}
