"""Registers the action of the flow; NeMo Guardrails calls ``init`` when it loads this folder."""

from scenecap.run.guardrails import init

__all__ = ["init"]
