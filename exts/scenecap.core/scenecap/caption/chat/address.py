"""Addresses of servers: what may be one, and which host a request goes to."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Origin:
    """Where a request goes: a key is bound to this.

    Attributes:
        scheme: "http" or "https".
        host: In lower case.
        port: Never None; the scheme's own where the address has none.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        address = _address(self.host)
        return self.host == "localhost" or self.host.endswith(".localhost") or (address is not None and address.is_loopback)

    @property
    def is_local(self) -> bool:
        """Whether it is this machine or one of the same network, as far as its name tells."""
        address = _address(self.host)
        if address is not None:
            return address.is_private or address.is_loopback
        return self.is_loopback or "." not in self.host or self.host.endswith((".local", ".internal", ".lan", ".cluster"))


def checked_url(text: str) -> str:
    """Return an address without white space around it and without a slash at its end.

    Raises:
        ValueError: It is no http address, or holds a user name, a query or a fragment: places where keys are put by mistake.
    """
    parts = _split(text)
    if parts.username or parts.password or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("the address holds a user name, a query or a fragment; keys are read from a variable or a file only")
    return text.strip().rstrip("/")


def origin_of(url: str) -> Origin:
    """Return where requests to an address go.

    Raises:
        ValueError: It is no http address.
    """
    parts = _split(url)
    return Origin(parts.scheme, (parts.hostname or "").rstrip(".").lower(), parts.port or _PORTS[parts.scheme])


def same_host(written: str, origin: Origin) -> bool:
    """Whether a host as a person writes it ("api.example.com", "localhost:8000") is that of an origin.

    A host without a port stands for the host on any port.
    """
    text = written.strip().lower()
    try:
        parts = urlsplit(f"//{text}")
        port = parts.port
    except ValueError:
        return False
    return (parts.hostname or "").rstrip(".") == origin.host and port in (None, origin.port)


def _split(text: str) -> SplitResult:
    text = text.strip()
    if any(char.isspace() or not char.isprintable() for char in text):
        raise ValueError("an address has no spaces or control characters")
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise ValueError("not an address") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("not an address such as https://integrate.api.nvidia.com/v1")
    return parts


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
