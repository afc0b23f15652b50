"""Materials: what a stage says about a surface, in whatever shading language it says it."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scenecap.stage.materials import MaterialLibrary, SurfaceMaterial, TextureWrap, textures
from scenecap.stage.materials.textures import read_asset
from scenecap.stage.model import DrawnGprim

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Ar, Sdf, UsdGeom, UsdShade, UsdUtils  # noqa: E402

RED = (0.8, 0.1, 0.05)


def drawn(*prims) -> list[DrawnGprim]:
    return [DrawnGprim(str(prim.GetPath()), prim, str(prim.GetPath()), "default") for prim in prims]


def surface_of(stage, path: str, index: int = 0) -> SurfaceMaterial:
    return MaterialLibrary(stage).bind(drawn(stage.GetPrimAtPath(path)))[0][index]


def bound_cube(stage, material) -> str:
    cube = UsdGeom.Cube.Define(stage, "/Cube").GetPrim()
    UsdShade.MaterialBindingAPI.Apply(cube).Bind(material)
    return "/Cube"


def preview(stage, path: str = "/Look", **inputs) -> tuple[UsdShade.Material, UsdShade.Shader]:
    material = UsdShade.Material.Define(stage, path)
    shader = UsdShade.Shader.Define(stage, f"{path}/Surface")
    shader.CreateIdAttr("UsdPreviewSurface")
    kinds = {tuple: Sdf.ValueTypeNames.Color3f, float: Sdf.ValueTypeNames.Float}
    for name, value in inputs.items():
        shader.CreateInput(name, kinds[type(value)]).Set(value)
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    return material, shader


def texture_node(stage, path: str, file: str, **inputs) -> UsdShade.Shader:
    node = UsdShade.Shader.Define(stage, path)
    node.CreateIdAttr("UsdUVTexture")
    node.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(Sdf.AssetPath(file))
    for name, value in inputs.items():
        node.CreateInput(name, Sdf.ValueTypeNames.Token if isinstance(value, str) else Sdf.ValueTypeNames.Float4).Set(value)
    return node


def textured(stage, file: str, **inputs) -> tuple[UsdShade.Material, UsdShade.Shader, UsdShade.Shader]:
    material, shader = preview(stage)
    node = texture_node(stage, "/Look/Picture", file, **inputs)
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).ConnectToSource(node.ConnectableAPI(), "rgb")
    return material, shader, node


@pytest.fixture
def stage():
    return Usd.Stage.CreateInMemory()


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "wood.png"
    Image.fromarray(np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)).save(path)
    return str(path)


def test_preview_surface_constants(stage):
    material, _ = preview(
        stage, diffuseColor=RED, opacity=0.4, roughness=0.25, metallic=0.75, ior=1.33, emissiveColor=(0.0, 2.0, 0.0)
    )
    surface = surface_of(stage, bound_cube(stage, material))
    assert surface.name == "Look"
    assert surface.path == "/Look"
    assert surface.authored
    assert surface.base_color == pytest.approx(RED)
    assert (surface.opacity, surface.roughness, surface.metallic) == pytest.approx((0.4, 0.25, 0.75))
    assert surface.ior == pytest.approx(1.33)
    assert surface.emissive == (0.0, 2.0, 0.0)


def test_values_outside_their_range_are_clamped(stage):
    material, _ = preview(stage, diffuseColor=(2.0, -1.0, math.nan), opacity=7.0, roughness=-3.0, ior=0.0)
    surface = surface_of(stage, bound_cube(stage, material))
    assert surface.base_color == (1.0, 0.0, 0.0)
    assert (surface.opacity, surface.roughness, surface.ior) == (1.0, 0.0, 1.0)


def test_inputs_come_through_the_materials_interface_and_nested_node_graphs(stage):
    material, shader = preview(stage)
    graph = UsdShade.NodeGraph.Define(stage, "/Look/Graph")
    public = material.CreateInput("paint", Sdf.ValueTypeNames.Color3f)
    public.Set(RED)
    inner = graph.CreateInput("in", Sdf.ValueTypeNames.Color3f)
    inner.ConnectToSource(public)
    graph.CreateOutput("out", Sdf.ValueTypeNames.Color3f).ConnectToSource(inner)
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).ConnectToSource(graph.ConnectableAPI(), "out")
    assert surface_of(stage, bound_cube(stage, material)).base_color == pytest.approx(RED)


def test_a_value_with_time_samples_only_is_read_at_its_first_time(stage):
    material, shader = preview(stage)
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).GetAttr().Set((0.0, 1.0, 0.0), 5.0)
    assert surface_of(stage, bound_cube(stage, material)).base_color == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("build", "color", "authored"),
    [
        ("nothing", None, False),
        ("constant", RED, True),
        ("inherited", RED, True),
        ("nearly one colour", RED, True),
        ("two colours", (0.5, 0.5, 0.0), False),
        ("empty", None, False),
        ("not finite", None, False),
    ],
)
def test_display_color_is_the_fallback(stage, build, color, authored):
    parent = UsdGeom.Xform.Define(stage, "/Parent").GetPrim()
    cube = UsdGeom.Cube.Define(stage, "/Parent/Cube")
    values = {
        "constant": [RED],
        "inherited": [RED],
        "nearly one colour": [RED, tuple(value + 0.001 for value in RED)],
        "two colours": [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0)],
        "empty": [],
        "not finite": [(math.nan, 0.0, 0.0)],
    }.get(build)
    if values is not None:
        target = parent if build == "inherited" else cube.GetPrim()
        kind = UsdGeom.Tokens.constant if len(values) < 2 else UsdGeom.Tokens.vertex
        UsdGeom.PrimvarsAPI(target).CreatePrimvar("displayColor", Sdf.ValueTypeNames.Color3fArray, kind).Set(values)
    surface = surface_of(stage, "/Parent/Cube")
    assert surface.authored is authored
    if color is not None:
        assert surface.base_color == pytest.approx(color, abs=2e-3)


def test_display_opacity_makes_a_ghost_only_without_a_material(stage):
    cube = UsdGeom.Cube.Define(stage, "/Cube")
    cube.CreateDisplayOpacityPrimvar(UsdGeom.Tokens.constant).Set([0.3])
    assert surface_of(stage, "/Cube").opacity == pytest.approx(0.3)
    material, _ = preview(stage, diffuseColor=RED)
    assert surface_of(stage, bound_cube(stage, material)).opacity == 1.0


def test_a_primvar_feeds_the_base_colour_of_each_gprim(stage):
    material, shader = preview(stage)
    reader = UsdShade.Shader.Define(stage, "/Look/Reader")
    reader.CreateIdAttr("UsdPrimvarReader_float3")
    reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("displayColor")
    shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).ConnectToSource(reader.ConnectableAPI(), "result")
    prims = []
    for name, color in (("A", RED), ("B", (0.0, 0.0, 1.0)), ("C", None)):
        cube = UsdGeom.Cube.Define(stage, f"/{name}")
        if color is not None:
            cube.CreateDisplayColorPrimvar().Set([color])
        UsdShade.MaterialBindingAPI.Apply(cube.GetPrim()).Bind(material)
        prims.append(cube.GetPrim())
    first, second, third = (materials[0] for materials in MaterialLibrary(stage).bind(drawn(*prims)))
    assert first.base_color == pytest.approx(RED)
    assert second.base_color == (0.0, 0.0, 1.0)
    assert [first.authored, second.authored, third.authored] == [True, True, False]


def test_subsets_count_from_one_in_their_order_and_zero_is_the_meshs_own(stage):
    mesh = UsdGeom.Mesh.Define(stage, "/Mesh")
    own, _ = preview(stage, "/Own", diffuseColor=(1.0, 0.0, 0.0))
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(own)
    for index, color in enumerate([(0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]):
        subset = UsdGeom.Subset.CreateGeomSubset(mesh, f"part{index}", UsdGeom.Tokens.face, [index], "materialBind")
        look, _ = preview(stage, f"/Part{index}", diffuseColor=color)
        UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(look)
    UsdGeom.Subset.CreateGeomSubset(mesh, "other", UsdGeom.Tokens.face, [3], "physics")
    surfaces = MaterialLibrary(stage).bind(drawn(mesh.GetPrim()))[0]
    assert [surface.base_color for surface in surfaces] == [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]


def test_instances_share_the_prototypes_material(stage):
    root = UsdGeom.Xform.Define(stage, "/Asset")
    material, _ = preview(stage, "/Asset/Look", diffuseColor=RED)
    cube = UsdGeom.Cube.Define(stage, "/Asset/Cube")
    UsdShade.MaterialBindingAPI.Apply(cube.GetPrim()).Bind(material)
    for name in ("/One", "/Two"):
        prim = stage.DefinePrim(name)
        prim.GetReferences().AddInternalReference(root.GetPath())
        prim.SetInstanceable(True)
    proxies = [stage.GetPrimAtPath(f"{name}/Cube") for name in ("/One", "/Two")]
    assert all(prim.IsInstanceProxy() for prim in proxies)
    first, second = MaterialLibrary(stage).bind(drawn(*proxies))
    assert first == second
    assert first[0].base_color == pytest.approx(RED)


def test_texture_with_wrap_primvar_transform_scale_and_bias(stage, picture):
    material, _, node = textured(
        stage, picture, wrapS="clamp", wrapT="mirror", sourceColorSpace="raw", scale=(0.5, 0.5, 0.5, 1), bias=(0.1, 0, 0, 0)
    )
    reader = UsdShade.Shader.Define(stage, "/Look/Reader")
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("map2")
    place = UsdShade.Shader.Define(stage, "/Look/Place")
    place.CreateIdAttr("UsdTransform2d")
    place.CreateInput("scale", Sdf.ValueTypeNames.Float2).Set((2.0, 3.0))
    place.CreateInput("rotation", Sdf.ValueTypeNames.Float).Set(90.0)
    place.CreateInput("translation", Sdf.ValueTypeNames.Float2).Set((0.25, 0.5))
    place.CreateInput("in", Sdf.ValueTypeNames.Float2).ConnectToSource(reader.ConnectableAPI(), "result")
    node.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(place.ConnectableAPI(), "result")
    texture = surface_of(stage, bound_cube(stage, material)).texture
    assert texture is not None
    assert (texture.wrap_u, texture.wrap_v, texture.srgb) == (TextureWrap.CLAMP, TextureWrap.MIRROR, False)
    assert texture.uv_primvar == "map2"
    assert texture.scale == pytest.approx((0.5, 0.5, 0.5))
    assert texture.bias == pytest.approx((0.1, 0.0, 0.0))
    a, b, c, d, e, f = texture.uv_matrix
    u, v = 0.2, 0.1
    # Scaled to (0.4, 0.3), turned a quarter counter-clockwise to (-0.3, 0.4), then moved.
    assert (a * u + c * v + e, b * u + d * v + f) == pytest.approx((-0.05, 0.9))


def test_pixels_are_decoded_once_and_kept_as_stored(stage, picture):
    material, _, _ = textured(stage, picture)
    library = MaterialLibrary(stage)
    surface = library.bind(drawn(stage.GetPrimAtPath(bound_cube(stage, material))))[0][0]
    texture = library.textures.load(surface.texture.file)
    assert texture is library.textures.load(surface.texture.file)
    assert texture.pixels[0, 0].tolist() == [255, 0, 0, 255]
    assert texture.pixels[1, 0].tolist() == [0, 0, 255, 255]


def test_a_large_texture_is_reduced(stage, tmp_path):
    file = tmp_path / "large.png"
    Image.fromarray(np.full((3000, 1500, 3), 90, np.uint8)).save(file)
    pixels = MaterialLibrary(stage).textures.load(str(file)).pixels
    assert pixels.shape == (1024, 512, 4)
    assert (pixels[..., :3] == 90).all()


@pytest.mark.parametrize("old_usd", [False, True])
def test_textures_inside_a_usdz_package(tmp_path, picture, monkeypatch, old_usd):
    """OpenUSD before 24.11 has no Resolver.OpenAsset in Python: packages are then opened by hand."""
    if old_usd:
        monkeypatch.delattr(Ar.Resolver, "OpenAsset", raising=False)
    layer = tmp_path / "scene.usda"
    inner = Usd.Stage.CreateNew(str(layer))
    material, _, _ = textured(inner, "./wood.png")
    bound_cube(inner, material)
    inner.Save()
    package = tmp_path / "scene.usdz"
    assert UsdUtils.CreateNewUsdzPackage(Sdf.AssetPath(str(layer)), str(package))
    stage = Usd.Stage.Open(str(package))
    library = MaterialLibrary(stage)
    surface = library.bind(drawn(stage.GetPrimAtPath("/Cube")))[0][0]
    assert "scene.usdz[" in surface.texture.file
    assert library.textures.load(surface.texture.file).pixels[0, 1].tolist() == [0, 255, 0, 255]
    assert not library.problems


def test_without_open_asset_files_are_read_and_refused_alike(tmp_path, monkeypatch):
    monkeypatch.delattr(Ar.Resolver, "OpenAsset", raising=False)
    file, inner, outer = tmp_path / "a.bin", tmp_path / "inner.usdz", tmp_path / "outer.usdz"
    file.write_bytes(b"wood" * 10)
    for package, content in ((inner, file), (outer, inner)):
        with zipfile.ZipFile(package, "w") as archive:
            archive.write(content, f"0/{content.name}")
    nested = f"{outer}[0/inner.usdz[0/a.bin]]"
    assert read_asset(str(file)) == read_asset(f"{inner}[0/a.bin]") == read_asset(nested) == file.read_bytes()
    for wrong in (f"{inner}[0/b.bin]", f"{file}[0/a.bin]", str(tmp_path / "nothing.png")):
        with pytest.raises(FileNotFoundError):
            read_asset(wrong)
    monkeypatch.setattr(textures, "MAX_SOURCE_BYTES", 39)
    for large in (str(file), f"{inner}[0/a.bin]", nested):
        with pytest.raises(ValueError, match="40 bytes are more than the limit of 39"):
            read_asset(large)


def test_udim_tiles_become_one_picture(stage, tmp_path):
    for number, value in ((1001, 10), (1012, 200)):
        Image.new("RGB", (4, 4), (value, value, value)).save(tmp_path / f"skin.{number}.png")
    stage = Usd.Stage.CreateNew(str(tmp_path / "s.usda"))
    material, _, _ = textured(stage, "./skin.<UDIM>.png")
    library = MaterialLibrary(stage)
    surface = library.bind(drawn(stage.GetPrimAtPath(bound_cube(stage, material))))[0][0]
    texture = library.textures.load(surface.texture.file)
    assert texture.uv_size == (2.0, 2.0)
    assert texture.pixels[-1, 0, 0] == 10  # tile (0, 0) is at the lower left
    assert texture.pixels[0, -1, 0] == 200  # tile (1, 1) at the upper right


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "was not found"),
        (b"not a picture", "cannot identify"),
        (png_header(60000, 60000), "exceeds limit"),
        (png_header(9000, 9000), "more than the limit"),
        (b"", "cannot identify"),
    ],
    ids=["missing", "garbage", "bomb", "too large", "empty"],
)
def test_a_texture_that_cannot_be_used_is_reported_and_says_nothing_about_the_colour(stage, tmp_path, content, said):
    file = tmp_path / "bad.png"
    if content is not None:
        file.write_bytes(content)
    material, _, _ = textured(stage, str(file), fallback=(0.2, 0.3, 0.4, 1.0))
    library = MaterialLibrary(stage)
    surface = library.bind(drawn(stage.GetPrimAtPath(bound_cube(stage, material))))[0][0]
    assert surface.texture is None
    assert not surface.authored
    assert surface.base_color == pytest.approx((0.2, 0.3, 0.4))
    assert any("bad.png" in line for line in library.problems)
    assert any(said in line for line in library.problems)


def test_a_file_whose_pixels_are_broken_is_reported_when_they_are_needed(stage, tmp_path):
    file = tmp_path / "cut.png"
    Image.fromarray(np.arange(64 * 64 * 3).reshape(64, 64, 3).astype(np.uint8)).save(file, compress_level=0)
    file.write_bytes(file.read_bytes()[:4000])
    library = MaterialLibrary(stage)
    assert library.textures.load(str(file)) is None
    assert library.textures.load(str(file)) is None
    assert len(library.problems) == 1


def test_cut_out_opacity_is_solid_and_an_even_veil_is_not(stage, tmp_path):
    leaf = np.zeros((8, 8, 4), np.uint8)
    leaf[2:6, 2:6] = 255
    veil = np.full((8, 8, 4), 64, np.uint8)
    for name, pixels, expected in (("leaf", leaf, 1.0), ("veil", veil, 64 / 255)):
        file = tmp_path / f"{name}.png"
        Image.fromarray(pixels).save(file)
        material, shader = preview(stage, f"/{name}", diffuseColor=RED)
        node = texture_node(stage, f"/{name}/Picture", str(file))
        shader.CreateInput("opacity", Sdf.ValueTypeNames.Float).ConnectToSource(node.ConnectableAPI(), "a")
        surface = surface_of(stage, bound_cube(stage, material))
        assert surface.opacity == pytest.approx(expected)
        assert surface.opacity_texture.channel == 3
        assert not surface.opacity_texture.srgb


def mdl(stage, name: str, **inputs) -> UsdShade.Material:
    material = UsdShade.Material.Define(stage, "/Look")
    shader = UsdShade.Shader.Define(stage, "/Look/Shader")
    shader.SetSourceAsset(Sdf.AssetPath(f"{name}.mdl"), "mdl")
    shader.SetSourceAssetSubIdentifier(name, "mdl")
    kinds = {tuple: Sdf.ValueTypeNames.Color3f, float: Sdf.ValueTypeNames.Float, bool: Sdf.ValueTypeNames.Bool}
    for key, value in inputs.items():
        kind = kinds.get(type(value), Sdf.ValueTypeNames.Asset)
        shader.CreateInput(key, kind).Set(Sdf.AssetPath(value) if isinstance(value, str) else value)
    material.CreateSurfaceOutput("mdl").ConnectToSource(shader.ConnectableAPI(), "out")
    return material


def test_omni_pbr_constants_and_switches(stage):
    inputs = {"diffuse_color_constant": RED, "reflection_roughness_constant": 0.1, "metallic_constant": 0.9}
    material = mdl(stage, "OmniPBR", **inputs, opacity_constant=0.2, emissive_color=(1.0, 0.0, 0.0))
    surface = surface_of(stage, bound_cube(stage, material))
    assert surface.base_color == pytest.approx(RED)
    assert (surface.roughness, surface.metallic) == pytest.approx((0.1, 0.9))
    assert surface.opacity == 1.0  # enable_opacity is off
    assert surface.emissive == (0.0, 0.0, 0.0)  # enable_emission is off
    material = mdl(stage, "OmniPBR", enable_opacity=True, enable_emission=True, emissive_intensity=500.0)
    surface = surface_of(stage, bound_cube(stage, material))
    assert surface.opacity == pytest.approx(0.2)
    assert surface.emissive == pytest.approx((0.5, 0.0, 0.0))


def test_omni_pbr_texture_and_tint(stage, picture):
    material = mdl(stage, "OmniPBR", diffuse_texture=picture, diffuse_tint=(1.0, 0.5, 0.0), diffuse_color_constant=RED)
    texture = surface_of(stage, bound_cube(stage, material)).texture
    assert texture.file == picture
    assert texture.srgb
    assert texture.scale == pytest.approx((1.0, 0.5, 0.0))


def test_omni_glass_is_clear_but_no_ghost(stage):
    surface = surface_of(stage, bound_cube(stage, mdl(stage, "OmniGlass", glass_color=(0.5, 1.0, 0.5), glass_ior=1.4)))
    assert surface.opacity == 1.0
    assert surface.transmission == 1.0
    assert surface.ior == pytest.approx(1.4)


def test_materialx_standard_surface_with_a_tinted_image(stage, picture):
    material = UsdShade.Material.Define(stage, "/Look")
    shader = UsdShade.Shader.Define(stage, "/Look/Surface")
    shader.CreateIdAttr("ND_standard_surface_surfaceshader")
    shader.CreateInput("metalness", Sdf.ValueTypeNames.Float).Set(0.5)
    image = UsdShade.Shader.Define(stage, "/Look/Image")
    image.CreateIdAttr("ND_image_color3")
    image.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(Sdf.AssetPath(picture))
    multiply = UsdShade.Shader.Define(stage, "/Look/Multiply")
    multiply.CreateIdAttr("ND_multiply_color3")
    multiply.CreateInput("in1", Sdf.ValueTypeNames.Color3f).ConnectToSource(image.ConnectableAPI(), "out")
    multiply.CreateInput("in2", Sdf.ValueTypeNames.Color3f).Set((0.5, 1.0, 1.0))
    shader.CreateInput("base_color", Sdf.ValueTypeNames.Color3f).ConnectToSource(multiply.ConnectableAPI(), "out")
    material.CreateSurfaceOutput("mtlx").ConnectToSource(shader.ConnectableAPI(), "out")
    surface = surface_of(stage, bound_cube(stage, material))
    assert surface.texture.file == picture
    assert surface.texture.scale == pytest.approx((0.5, 1.0, 1.0))
    assert surface.metallic == 0.5
    assert surface.authored


@pytest.mark.parametrize("kind", ["unknown surface shader", "no shader", "unreadable nodes", "a loop of nodes"])
def test_what_cannot_be_read_is_reported_and_unauthored(stage, kind):
    material, shader = preview(stage)
    if kind == "unknown surface shader":
        shader.CreateIdAttr("SomeStudioSurface")
    elif kind == "no shader":
        stage.RemovePrim(shader.GetPath())
    else:
        node = UsdShade.Shader.Define(stage, "/Look/Noise")
        node.CreateIdAttr("ND_noise3d_color3" if kind == "unreadable nodes" else "ND_convert_color3_color4")
        shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).ConnectToSource(node.ConnectableAPI(), "out")
        if kind == "a loop of nodes":
            node.CreateInput("in", Sdf.ValueTypeNames.Color3f).ConnectToSource(node.ConnectableAPI(), "out")
    library = MaterialLibrary(stage)
    surface = library.bind(drawn(stage.GetPrimAtPath(bound_cube(stage, material))))[0][0]
    assert not surface.authored
    assert surface.name == "Look"
    assert len(library.problems) == 1
    assert library.problems[0].startswith("/Look: ")


@pytest.mark.shared
def test_every_colour_of_a_converted_scene_is_read(shared):
    stage = Usd.Stage.Open(str(shared / "scenes/libero_kitchen6/kitchen_scene6_close_the_microwave_cams.usda"))
    prims = [prim for prim in stage.Traverse(Usd.TraverseInstanceProxies()) if prim.IsA(UsdGeom.Gprim)]
    library = MaterialLibrary(stage)
    bound = library.bind(drawn(*prims))
    textured_names = {surface.name for materials in bound for surface in materials if surface.texture is not None}
    assert "porcelain_mug_1_porcelain_mug" in textured_names
    assert not library.problems
    assert all(library.textures.load(s.texture.file) is not None for m in bound for s in m if s.texture is not None)
