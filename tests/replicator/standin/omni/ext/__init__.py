"""A stand-in of ``omni.ext``: the base class of extensions."""


class IExt:
    """What Kit calls."""

    def on_startup(self, ext_id: str) -> None:
        return None

    def on_shutdown(self) -> None:
        return None
