"""The last step before the network: which headers leave, where to, and how much may come back.

The client library never holds the key, so that nothing it logs or raises can. Its requests pass through
:func:`guarded_client`'s transport, which refuses any other origin, lets through a short list of headers, and puts the key on.
Redirects are not followed: a server cannot send the key on to another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

from scenecap.caption.chat.address import Origin
from scenecap.caption.chat.errors import EndpointError
from scenecap.caption.chat.keys import BoundKey
from scenecap.errors import MissingExtraError

#: Longest reply that is read [bytes].
MAX_REPLY = 4_000_000
#: What a request may carry; the library's own (and those that its environment variables add) stay here.
_HEADERS = frozenset({"host", "accept", "content-type", "content-length", "transfer-encoding", "user-agent", "connection"})


def load_openai() -> ModuleType:
    """Return the client library.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import openai
    except ImportError:
        raise MissingExtraError("openai", extra="models", purpose="engine: chat") from None
    return openai


def http_module(openai: ModuleType) -> ModuleType:
    """Return the HTTP library that the client library is built on: httpx, or httpx2 from its third version on."""
    import importlib

    for base in openai.AsyncOpenAI.__mro__[0:1] + openai.DefaultAsyncHttpxClient.__mro__:
        name = base.__module__.partition(".")[0]
        if name.startswith("httpx"):
            return importlib.import_module(name)
    raise MissingExtraError("httpx", extra="models", purpose="engine: chat")


def guarded_client(openai: ModuleType, origin: Origin, key: BoundKey | None, *, connections: int) -> Any:
    """Return an HTTP client for the library that reaches one origin only.

    Args:
        openai: The client library.
        origin: Where requests may go.
        key: The key, or None.
        connections: Most connections at the same time.
    """
    httpx = http_module(openai)

    class Capped(httpx.AsyncByteStream):  # type: ignore[name-defined,misc]
        """A reply's bytes, up to the limit."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for chunk in self._inner:
                size += len(chunk)
                if size > MAX_REPLY:
                    raise EndpointError(f"{origin} sent more than {MAX_REPLY // 1_000_000} MB in one reply.")
                yield chunk

        async def aclose(self) -> None:
            await self._inner.aclose()

    class Guard(httpx.AsyncBaseTransport):  # type: ignore[name-defined,misc]
        """Checks requests and puts the key on."""

        def __init__(self, inner: Any) -> None:
            self._inner = inner

        async def handle_async_request(self, request: Any) -> Any:
            url = request.url
            target = Origin(url.scheme, url.host.lower(), url.port or {"http": 80, "https": 443}.get(url.scheme, 0))
            if target != origin:
                raise EndpointError(f"a request for {origin} was about to go to {target.host}, and was stopped.")
            headers = [(name, value) for name, value in request.headers.raw if name.lower().decode("latin-1") in _HEADERS]
            headers.append((b"accept-encoding", b"identity"))  # a compressed reply could unpack to any size
            secret = key.for_origin(target) if key is not None else None
            if secret is not None:
                headers.append((b"authorization", b"Bearer " + secret.encode("ascii")))
            sent = httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions)
            reply = await self._inner.handle_async_request(sent)
            if reply.headers.get("content-encoding", "identity").lower() != "identity":
                await reply.aclose()
                raise EndpointError(f"{origin} answers compressed although it was asked not to.")
            return httpx.Response(
                reply.status_code, headers=reply.headers, stream=Capped(reply.stream), extensions=reply.extensions
            )

        async def aclose(self) -> None:
            await self._inner.aclose()

    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    inner = httpx.AsyncHTTPTransport(limits=limits, proxy=_proxy(origin), trust_env=False)
    return openai.DefaultAsyncHttpxClient(transport=Guard(inner), follow_redirects=False, trust_env=False)


def _proxy(origin: Origin) -> str | None:
    """Return the environment's proxy for an origin: of https only, where it sees an encrypted tunnel and no key."""
    import urllib.request  # brings an HTTP client with it, which Kit need not load at start-up

    if origin.scheme != "https" or origin.is_loopback or urllib.request.proxy_bypass(origin.host):
        return None
    return urllib.request.getproxies().get("https")
