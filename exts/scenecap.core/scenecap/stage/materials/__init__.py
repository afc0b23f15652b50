"""Surface materials of drawn gprims: what a bound material says, whatever shading language it is written in.

The library reads UsdPreviewSurface, Omniverse's MDL materials and MaterialX surfaces (as far as they resolve in UsdShade),
and falls back to ``displayColor``. The result is one small record, :class:`SurfaceMaterial`, that the picture, the albedo
buffer and object discovery share.
"""

from scenecap.stage.materials.library import MaterialLibrary
from scenecap.stage.materials.model import NEUTRAL_MATERIAL, SurfaceMaterial, TextureRef, TextureWrap
from scenecap.stage.materials.textures import Texture, TextureStore

__all__ = [
    "NEUTRAL_MATERIAL",
    "MaterialLibrary",
    "SurfaceMaterial",
    "Texture",
    "TextureRef",
    "TextureStore",
    "TextureWrap",
]
