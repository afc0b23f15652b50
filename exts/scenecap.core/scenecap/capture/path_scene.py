"""The stage as a Mitsuba scene: meshes built once, placed by instances, lit by the environment and the stage's lamps."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scenecap.capture.environment import Environment
from scenecap.capture.path_meshes import VertexMesh, share_vertices
from scenecap.capture.scene import RasterScene
from scenecap.colours import linear_to_srgb8, srgb8_to_linear
from scenecap.errors import MissingExtraError
from scenecap.stage.lights import LightKind, StageLight
from scenecap.stage.materials.model import SurfaceMaterial, TextureRef, TextureWrap
from scenecap.stage.materials.textures import Texture, TextureStore
from scenecap.stage.mesh import LocalMesh

logger = logging.getLogger(__name__)

#: Surfaces are at least this rough: a mirror needs hundreds of samples, and denoised from two it is a smear.
_LEAST_ROUGHNESS = 0.2
#: Surfaces reflect at most this much: light in a room of reflectance 1 never ends.
_MOST_REFLECTANCE = 0.85
#: Radius below which a lamp is a point [m].
_POINT_RADIUS = 1e-4

_WRAPS = {TextureWrap.REPEAT: "repeat", TextureWrap.CLAMP: "clamp", TextureWrap.MIRROR: "mirror", TextureWrap.BLACK: "clamp"}


def load_mitsuba() -> Any:
    """Import Mitsuba in its scalar variant, which needs no system library.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import mitsuba
    except ImportError as error:
        raise MissingExtraError("mitsuba", extra="capture", purpose="A picture of quality preview or final") from error
    if mitsuba.variant() != "scalar_rgb":
        mitsuba.set_variant("scalar_rgb")
    return mitsuba


class PathScene:
    """A Mitsuba scene of a stage.

    Each mesh with its materials is built once (a shape group). What moves is placed anew, and only the tree over the placed
    groups is built again. Under lamps that have a shape, meshes are placed without groups: such lamps are hidden from the
    camera (they are no objects of ground truth, and would stand before some), and Mitsuba 3.9 crashes where it has to look
    for hidden emitters among instances.

    Args:
        textures: Where their pixels are.
    """

    def __init__(self, textures: TextureStore) -> None:
        self._mi = load_mitsuba()
        self._textures = textures
        self._bindings: Sequence[tuple[SurfaceMaterial, ...]] = ()
        self._surfaces: dict[SurfaceMaterial, Any] = {}
        self._bitmaps: dict[TextureRef, Any] = {}
        self._groups: dict[tuple[int, tuple[SurfaceMaterial, ...]], tuple[LocalMesh, Any]] = {}
        self._live: set[tuple[int, tuple[SurfaceMaterial, ...]]] = set()
        self._lights: tuple[Environment | None, dict[str, Any]] = (None, {})
        self._placed: tuple[RasterScene, np.ndarray, np.ndarray, Environment] | None = None
        self._scene: Any = None

    def at(
        self,
        scene: RasterScene,
        local_to_world: np.ndarray,
        drawn: np.ndarray,
        environment: Environment,
        bindings: Sequence[tuple[SurfaceMaterial, ...]],
    ) -> Any:
        """Return the Mitsuba scene of gprims at some places under some light; the last one is kept.

        Args:
            scene: The geometry.
            local_to_world: (G, 4, 4) float64.
            drawn: (G,) bool, which gprims are shown.
            environment: The light.
            bindings: Materials of each gprim.
        """
        if self._placed is not None:
            before, places, shown, light = self._placed
            same = before is scene and light is environment and bindings is self._bindings and np.array_equal(shown, drawn)
            if same and np.array_equal(places[drawn], local_to_world[drawn]):
                return self._scene
        recolored, self._bindings = bindings is not self._bindings, bindings
        place = self._placed_meshes if has_shaped_lamps(environment) else self._instances
        objects = place(scene, local_to_world, drawn)
        if recolored:  # what had another colour before
            self._groups = {key: group for key, group in self._groups.items() if key in self._live}
        self._scene = self._mi.load_dict({"type": "scene", **self._light_objects(environment), **objects})
        self._placed = (scene, local_to_world.copy(), drawn.copy(), environment)
        return self._scene

    def with_lamp(self, position: np.ndarray, size: float) -> Any:
        """Return the last scene with one more lamp in it, for a scene that is closed to sky and suns.

        Args:
            position: (3,) centre in world [m].
            size: Edge of the level square at whose corners the lamp's four points are [m].
        """
        assert self._placed is not None
        scene, places, drawn, environment = self._placed
        lamps = {
            f"bulb_{number}": {
                "type": "point",
                "position": (position + np.array([x, y, 0.0]) * size / 2.0).tolist(),
                "intensity": _rgb(environment.tint),
            }
            for number, (x, y) in enumerate([(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)])
        }
        objects = self._instances(scene, places, drawn)
        return self._mi.load_dict({"type": "scene", **lamps, **self._light_objects(environment), **objects})

    def _instances(self, scene: RasterScene, local_to_world: np.ndarray, drawn: np.ndarray) -> dict[str, Any]:
        transform = self._mi.ScalarTransform4f
        objects: dict[str, Any] = {}
        live = self._live = set()
        for row in np.flatnonzero(_placeable(scene, local_to_world, drawn)).tolist():
            matrix = local_to_world[row]
            number = int(scene.prototype[row])
            mesh, binding = scene.meshes[number], self._bindings[row]
            key = (id(mesh), binding)
            if key not in self._groups:
                self._groups[key] = (mesh, self._group(mesh, scene.uv_names[number], binding))
            if key not in live:  # a group has to be in the scene itself as well
                objects[f"group_{len(live)}"] = self._groups[key][1]
                live.add(key)
            objects[f"instance_{row}"] = {
                "type": "instance",
                "to_world": transform(np.ascontiguousarray(matrix.T)),
                "group": self._groups[key][1],
            }
        for key in [key for key in self._groups if key not in live and key[0] not in {id(mesh) for mesh in scene.meshes}]:
            del self._groups[key]  # geometry with time samples: last time's meshes
        return objects

    def _placed_meshes(self, scene: RasterScene, local_to_world: np.ndarray, drawn: np.ndarray) -> dict[str, Any]:
        objects: dict[str, Any] = {}
        for row in np.flatnonzero(_placeable(scene, local_to_world, drawn)).tolist():
            number = int(scene.prototype[row])
            for name, part in self._parts(
                scene.meshes[number], scene.uv_names[number], self._bindings[row], local_to_world[row]
            ):
                objects[f"mesh_{row}_{name}"] = part
        return objects

    def _group(self, mesh: LocalMesh, uv_name: str | None, binding: tuple[SurfaceMaterial, ...]) -> Any:
        parts = {f"part_{name}": part for name, part in self._parts(mesh, uv_name, binding, None)}
        return self._mi.load_dict({"type": "shapegroup", **parts})

    def _parts(
        self, mesh: LocalMesh, uv_name: str | None, binding: tuple[SurfaceMaterial, ...], placed: np.ndarray | None
    ) -> list[tuple[int, Any]]:
        """Return a mesh's faces by material, placed by a matrix."""
        slots = np.clip(mesh.face_material, 0, len(binding) - 1)
        uv = mesh.uv_named(uv_name)
        parts = []
        for slot in map(int, np.unique(slots)):
            faces = np.nonzero(slots == slot)[0] if len(binding) > 1 else None
            material = binding[slot]
            needs_uv = uv if material.texture is not None or material.opacity_texture is not None else None
            parts.append((slot, self._mesh(share_vertices(mesh, needs_uv, faces=faces, placed=placed), material)))
        return parts

    def _mesh(self, shared: VertexMesh, material: SurfaceMaterial) -> Any:
        mi = self._mi
        props = mi.Properties()
        props["mesh_bsdf"] = self._surface(material, textured=shared.uv is not None)
        mesh = mi.Mesh(
            "mesh",
            len(shared.points),
            len(shared.faces),
            has_vertex_normals=shared.normals is not None,
            has_vertex_texcoords=shared.uv is not None,
            props=props,
        )
        values = mi.traverse(mesh)
        values["vertex_positions"] = shared.points.ravel()
        if shared.normals is not None:
            values["vertex_normals"] = shared.normals.ravel()
        if shared.uv is not None:
            values["vertex_texcoords"] = self._coordinates(shared.uv, material).ravel()
        values["faces"] = shared.faces.ravel()
        values.update()
        return mesh

    def _coordinates(self, uv: np.ndarray, material: SurfaceMaterial) -> np.ndarray:
        """Return coordinates with the material's transform applied, v down as Mitsuba has it."""
        reference = material.texture or material.opacity_texture
        u, v = np.nan_to_num(uv.astype(np.float64)).T
        if reference is not None:
            a, b, c, d, e, f = reference.uv_matrix
            u, v = a * u + c * v + e, b * u + d * v + f
            texture = self._textures.load(reference.file)
            if texture is not None:
                u, v = (u - texture.uv_origin[0]) / texture.uv_size[0], (v - texture.uv_origin[1]) / texture.uv_size[1]
        return np.stack([u, 1.0 - v], axis=1).astype(np.float32)

    def _surface(self, material: SurfaceMaterial, *, textured: bool) -> Any:
        key = material if textured else _plain(material)
        if key not in self._surfaces:
            self._surfaces[key] = self._mi.load_dict(self._surface_dict(key))
        return self._surfaces[key]

    def _surface_dict(self, material: SurfaceMaterial) -> dict[str, Any]:
        color: Any = {"type": "rgb", "value": [min(value, _MOST_REFLECTANCE) for value in material.base_color]}
        if material.texture is not None:
            texture = self._textures.load(material.texture.file)
            if texture is not None:
                color = self._bitmap(material.texture, texture)
        surface: dict[str, Any] = {
            "type": "principled",
            "base_color": color,
            "roughness": max(material.roughness, _LEAST_ROUGHNESS),
            "metallic": material.metallic,
            "specular": 0.5,
        }
        if material.metallic == 0.0 and material.roughness > 0.9:
            surface = {"type": "diffuse", "reflectance": color}
        surface = {"type": "twosided", "surface": surface}
        opacity: Any = material.seen_opacity
        if material.opacity_texture is not None:
            texture = self._textures.load(material.opacity_texture.file)
            if texture is not None:
                opacity = self._mask(material, material.opacity_texture, texture)
        if isinstance(opacity, dict) or opacity < 1.0:
            surface = {"type": "mask", "opacity": opacity, "surface": surface}
        return surface

    def _bitmap(self, reference: TextureRef, texture: Texture) -> Any:
        if reference not in self._bitmaps:
            pixels = texture.pixels[..., :3]
            if reference.channel >= 0:
                pixels = np.repeat(texture.pixels[..., reference.channel : reference.channel + 1], 3, axis=2)
            linear = srgb8_to_linear(pixels) if reference.srgb else pixels.astype(np.float32) / 255.0
            linear = linear * np.array(reference.scale, np.float32) + np.array(reference.bias, np.float32)
            encoded = linear_to_srgb8(np.minimum(linear, _MOST_REFLECTANCE))
            self._bitmaps[reference] = self._texture(encoded, reference, raw=False)
        return self._bitmaps[reference]

    def _mask(self, material: SurfaceMaterial, reference: TextureRef, texture: Texture) -> Any:
        plane = texture.pixels[..., max(reference.channel, 0)].astype(np.float32) / 255.0
        plane = np.clip(plane * reference.scale[0] + reference.bias[0], 0.0, 1.0)
        if material.opacity_threshold > 0.0:
            plane = (plane >= material.opacity_threshold).astype(np.float32)
        return self._texture(np.repeat((plane * 255.0 + 0.5).astype(np.uint8)[..., None], 3, axis=2), reference, raw=True)

    def _texture(self, pixels: np.ndarray, reference: TextureRef, *, raw: bool) -> dict[str, Any]:
        if TextureWrap.BLACK in (reference.wrap_u, reference.wrap_v):
            pixels = np.pad(pixels[1:-1, 1:-1], ((1, 1), (1, 1), (0, 0))) if min(pixels.shape[:2]) > 2 else pixels
        bitmap = self._mi.Bitmap(np.ascontiguousarray(pixels))
        return {
            "type": "bitmap",
            "bitmap": bitmap,
            "raw": raw,
            "wrap_mode": _WRAPS[reference.wrap_u],
            "filter_type": "bilinear",
        }

    def _light_objects(self, environment: Environment) -> dict[str, Any]:
        if self._lights[0] is not environment:
            self._lights = (environment, self._make_lights(environment))
        return self._lights[1]

    def _make_lights(self, environment: Environment) -> dict[str, Any]:
        mi = self._mi
        objects: dict[str, Any] = {}
        image, narrow = environment.map_with_suns
        if image.any():
            # Mitsuba's maps have +y on top; ours +z.
            upright = mi.ScalarTransform4f().rotate([1, 0, 0], 90)
            objects["sky"] = mi.load_dict({"type": "envmap", "bitmap": mi.Bitmap(image), "to_world": upright})
        for number, sun in enumerate(narrow):
            objects[f"sun_{number}"] = {
                "type": "directional",
                "direction": (-sun.towards).tolist(),
                "irradiance": _rgb(sun.irradiance),
            }
        for number, light in enumerate(environment.local):
            objects[f"lamp_{number}"] = self._lamp(light)
        return objects

    def _lamp(self, light: StageLight) -> dict[str, Any]:
        mi = self._mi
        axes = light.to_world[:3, :3]
        scale = float(abs(np.linalg.det(axes)) ** (1.0 / 3.0))
        position = light.position_world.tolist()
        area = {"type": "area", "radiance": _rgb(light.radiance)}
        to_world = mi.ScalarTransform4f(np.ascontiguousarray(light.to_world.T))
        if light.kind is LightKind.RECT:  # Mitsuba's shapes shine along +z
            shape = to_world.scale([light.width / 2.0, light.height / 2.0, 1.0]).rotate([1, 0, 0], 180)
            return {"type": "rectangle", "to_world": shape, "emitter": area}
        if light.kind is LightKind.DISK:
            shape = to_world.scale([light.radius, light.radius, 1.0]).rotate([1, 0, 0], 180)
            return {"type": "disk", "to_world": shape, "emitter": area}
        if light.radius * scale < _POINT_RADIUS and light.cone_angle >= 90.0:
            scale = _POINT_RADIUS / max(light.radius, 1e-9)
        intensity = light.radiance * light.area_world / 4.0  # what a convex body shows of its surface on average (Cauchy)
        if light.cone_angle < 90.0:
            return {
                "type": "spot",
                "to_world": mi.ScalarTransform4f().look_at(
                    position, (light.position_world + light.direction_world).tolist(), _across(light.direction_world)
                ),
                "intensity": _rgb(intensity),
                "cutoff_angle": light.cone_angle,
                "beam_width": max(light.cone_angle * (1.0 - light.cone_softness), 0.01),
            }
        if light.is_point:
            return {"type": "point", "position": position, "intensity": _rgb(intensity)}
        if light.kind is LightKind.CYLINDER:
            half = axes[0] * (light.length / 2.0)
            return {
                "type": "cylinder",
                "p0": (light.position_world - half).tolist(),
                "p1": (light.position_world + half).tolist(),
                "radius": light.radius * math.sqrt(float(np.linalg.norm(axes[1]) * np.linalg.norm(axes[2]))),
                "emitter": area,
            }
        return {"type": "sphere", "center": position, "radius": light.radius * scale, "emitter": area}


def has_shaped_lamps(environment: Environment) -> bool:
    """Whether there are lamps that the camera could see."""
    return any(light.cone_angle >= 90.0 and not light.is_point for light in environment.local)


def _placeable(scene: RasterScene, local_to_world: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    axes = local_to_world[:, :3, :3]
    sizes = np.linalg.norm(axes, axis=2).max(axis=1)
    solid = np.abs(np.linalg.det(axes)) > 1e-12 * sizes**3
    return drawn & (scene.prototype >= 0) & np.isfinite(local_to_world).all(axis=(1, 2)) & solid


def _plain(material: SurfaceMaterial) -> SurfaceMaterial:
    return replace(material, texture=None, opacity_texture=None)


def _rgb(value: np.ndarray) -> dict[str, Any]:
    return {"type": "rgb", "value": [float(channel) for channel in value]}


def _across(direction: np.ndarray) -> list[float]:
    return [0.0, 0.0, 1.0] if abs(direction[2]) < 0.99 else [0.0, 1.0, 0.0]
