"""What a run may cost. A request is counted before it is sent, so that requests at the same time cannot pass the limit."""

from __future__ import annotations

from dataclasses import dataclass

from scenecap.caption.chat.endpoint import Reply
from scenecap.caption.chat.errors import BudgetError
from scenecap.caption.chat.settings import ChatSettings


@dataclass
class _Spent:
    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True)
class Reservation:
    """What one request may cost at most.

    Attributes:
        tokens_in: Estimate of the prompt's tokens.
        tokens_out: Longest reply [tokens].
    """

    tokens_in: int
    tokens_out: int


class Budget:
    """Counts what was spent and what requests under way may still cost. Used from one event loop.

    Args:
        settings: The limits and prices.
    """

    def __init__(self, settings: ChatSettings) -> None:
        self._settings = settings
        self._spent = _Spent()
        self._reserved: list[Reservation] = []

    @property
    def requests(self) -> int:
        """Requests that were sent."""
        return self._spent.requests

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens sent and received; estimates where a server does not count."""
        return self._spent.tokens_in, self._spent.tokens_out

    @property
    def money(self) -> float:
        """What this cost by the two prices."""
        return self._cost(self._spent.tokens_in, self._spent.tokens_out)

    def reserve(self, one: Reservation) -> None:
        """Count a request that is about to be sent.

        Raises:
            BudgetError: It may pass a limit; names the limit's key.
        """
        settings = self._settings
        if settings.budget_requests is not None and self._spent.requests >= settings.budget_requests:
            raise BudgetError(f"the budget is spent (model_budget_requests: {settings.budget_requests}).")
        tokens_in = self._spent.tokens_in + sum(item.tokens_in for item in self._reserved) + one.tokens_in
        tokens_out = self._spent.tokens_out + sum(item.tokens_out for item in self._reserved) + one.tokens_out
        if settings.budget_tokens is not None and tokens_in + tokens_out > settings.budget_tokens:
            raise BudgetError(f"the budget is spent (model_budget_tokens: {settings.budget_tokens}).")
        if settings.budget_money is not None and self._cost(tokens_in, tokens_out) > settings.budget_money:
            raise BudgetError(f"the budget is spent (model_budget_money: {settings.budget_money:g}).")
        self._spent.requests += 1
        self._reserved.append(one)

    def settle(self, one: Reservation, reply: Reply | None) -> None:
        """Replace a reservation by what the request did cost.

        Args:
            one: As reserved.
            reply: The reply; None where there was none: its prompt is counted all the same, since servers do.
        """
        self._reserved.remove(one)
        if reply is None:
            self._spent.tokens_in += one.tokens_in
            return
        self._spent.tokens_in += one.tokens_in if reply.tokens_in is None else reply.tokens_in
        self._spent.tokens_out += _estimate(reply.text) if reply.tokens_out is None else reply.tokens_out

    def _cost(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self._settings.price_input + tokens_out * self._settings.price_output) / 1e6


def _estimate(text: str) -> int:
    return len(text) // 3 + 1


def estimate_tokens(characters: int, pictures: int, edge: int) -> int:
    """Return about how many tokens a prompt has: on the safe side, a token is three characters.

    Args:
        characters: Of all messages.
        pictures: Number of pictures.
        edge: Their longer edge [px]; models spend about a token on 14 x 14 pixels at most.
    """
    return characters // 3 + 16 + pictures * (edge // 14 + 1) ** 2
