"""Config files and flat keys, checked once at the edge."""

from scenecap.run.config.load import IRC_ROOT, ROOT, Override, load_config, make_config
from scenecap.run.config.model import ScenecapConfig

__all__ = ["IRC_ROOT", "ROOT", "Override", "ScenecapConfig", "load_config", "make_config"]
