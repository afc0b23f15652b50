"""Values that tell who listens when they change: what the view-model is made of, and what the view binds to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Observable(Generic[T]):
    """A value that can be watched. Use it from one thread, the one of the user interface.

    Args:
        value: What it is at first.
    """

    def __init__(self, value: T) -> None:
        self._value = value
        self._listeners: list[Callable[[T], None]] = []

    @property
    def value(self) -> T:
        """What it is now."""
        return self._value

    def set(self, value: T) -> None:
        """Change it; listeners hear of it only where it is another value."""
        if type(value) is type(self._value) and value == self._value:
            return
        self._value = value
        for listener in tuple(self._listeners):
            listener(value)

    def subscribe(self, listener: Callable[[T], None], *, now: bool = True) -> Callable[[], None]:
        """Call a function with the value at each change.

        Args:
            listener: The function.
            now: Call it at once too.

        Returns:
            A function that ends the subscription; calling it twice does no harm.
        """
        self._listeners.append(listener)
        if now:
            listener(self._value)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    @property
    def watched(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)


class Subscriptions:
    """Subscriptions of one part of the view, to end together."""

    def __init__(self) -> None:
        self._stops: list[Callable[[], None]] = []

    def add(self, stop: Callable[[], None]) -> None:
        """Remember one."""
        self._stops.append(stop)

    def close(self) -> None:
        """End all of them."""
        while self._stops:
            self._stops.pop()()
