"""The verifier as an output rail of NeMo Guardrails (extra ``guardrails``)."""

from scenecap.run.guardrails.action import SceneRail, init
from scenecap.run.guardrails.policy import RailCheck, RailStatus, TextSource
from scenecap.run.guardrails.rails import RAILS_FOLDER, CaptionRails
from scenecap.run.guardrails.settings import RailSettings

__all__ = ["RAILS_FOLDER", "CaptionRails", "RailCheck", "RailSettings", "RailStatus", "SceneRail", "TextSource", "init"]
