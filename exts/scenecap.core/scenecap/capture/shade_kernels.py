"""Compiled passes of the draft picture: ambient occlusion, shadow lookup, smoothing, shading, sky, edges."""

from __future__ import annotations

import math

import numpy as np

from scenecap.capture.raster_setup import njit

#: Samples of ambient occlusion and of a shadow's soft edge, per pixel; pixels of a 4 x 4 block take different ones.
_AO_TAPS = 8
_SHADOW_TAPS = 6


#: Sums may be regrouped and fused, which halves the time; infinity, the depth of nothing, keeps its meaning.
_FAST = {"contract", "arcp", "reassoc", "nsz", "afn"}


def _spiral(taps: int, turns: float, *, even: bool) -> np.ndarray:
    """Return (16, taps, 2) float32 offsets in the unit disc, turned for each pixel of a 4 x 4 block."""
    share = (np.arange(taps) + 0.5) / taps
    angle = np.arange(16)[:, None] * (2.0 * np.pi / 16.0) + (
        share * turns * 2.0 * np.pi if turns else np.arange(taps) * 2.399963
    )
    radius = np.sqrt(share) if even else share
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=-1).astype(np.float32)


_AO_OFFSETS = _spiral(_AO_TAPS, 5.0, even=False)
_SHADOW_OFFSETS = _spiral(_SHADOW_TAPS, 0.0, even=True)


@njit(cache=True, error_model="numpy", fastmath=_FAST)
def occlude(depth, normal, world_to_camera, focal, center_x, center_y, radius, out):
    """Estimate how open each pixel's surroundings are, from depth alone.

    McGuire et al., "The Alchemy screen-space ambient obscurance algorithm", HPG 2011.

    Args:
        depth: (H, W) float32 [m], inf where nothing is.
        normal: (H, W, 3) float32 in world.
        world_to_camera: (4, 4) float32.
        focal, center_x, center_y: Pinhole [px].
        radius: How far surfaces shade each other [m].
        out: (H, W) float32, gets 0 (closed in) to 1 (open).
    """
    height, width = depth.shape
    m = world_to_camera
    one, zero, shift = np.float32(1.0), np.float32(0.0), np.float32(128.5)  # shift: round to nearest by truncation
    center_x, center_y, focal, radius = (
        np.float32(center_x - 0.5),
        np.float32(center_y - 0.5),
        np.float32(focal),
        np.float32(radius),
    )
    inverse, square_reach, soft = one / focal, np.float32(2.25) * radius * radius, np.float32(0.02) * radius * radius
    strength = np.float32(0.55 / _AO_TAPS) * radius
    for row in range(height):
        for column in range(width):
            d = depth[row, column]
            if not d < np.inf:
                out[row, column] = one
                continue
            x, y = (column - center_x) * inverse * d, (center_y - row) * inverse * d
            wx, wy, wz = normal[row, column, 0], normal[row, column, 1], normal[row, column, 2]
            nx = wx * m[0, 0] + wy * m[1, 0] + wz * m[2, 0]
            ny = wx * m[0, 1] + wy * m[1, 1] + wz * m[2, 1]
            nz = wx * m[0, 2] + wy * m[1, 2] + wz * m[2, 2]
            reach = min(max(radius * focal / d, np.float32(3.0)), np.float32(90.0))
            turn = (row & 3) * 4 + (column & 3)
            total = zero
            for tap in range(_AO_TAPS):
                r = row + int(reach * _AO_OFFSETS[turn, tap, 0] + shift) - 128
                c = column + int(reach * _AO_OFFSETS[turn, tap, 1] + shift) - 128
                if r < 0 or c < 0 or r >= height or c >= width:
                    continue
                e = depth[r, c]
                if not e < np.inf:
                    continue
                vx, vy, vz = (c - center_x) * inverse * e - x, (center_y - r) * inverse * e - y, d - e
                square = vx * vx + vy * vy + vz * vz
                if square > square_reach:  # something far before or behind does not shade it
                    continue
                along = vx * nx + vy * ny + vz * nz - np.float32(0.002) * d
                if along > zero:
                    total += along / (square + soft)
            out[row, column] = min(max(one - strength * total, np.float32(0.12)), one)


@njit(cache=True, error_model="numpy", fastmath=_FAST)
def cast_shadow(
    depth, face_normal, camera_to_world, focal, center_x, center_y, towards, map_depth, to_light, map_focal, spread, out
):
    """Compare each pixel's surface with the depth map of a sun.

    Args:
        depth: (H, W) float32 [m].
        face_normal: (H, W, 3) float32 in world.
        camera_to_world: (4, 4).
        focal, center_x, center_y: Pinhole of the picture [px].
        towards: (3,) unit vector to the sun.
        map_depth: (S, S) float32 depth from the sun [m].
        to_light: (4, 4) world -> the sun's camera.
        map_focal: Its focal length [px].
        spread: Width of a shadow's edge [px of the map].
        out: (H, W) float32, gets 0 (shadow) to 1 (lit).
    """
    height, width = depth.shape
    size = map_depth.shape[0]
    m = camera_to_world
    for row in range(height):
        for column in range(width):
            d = depth[row, column]
            if not d < np.inf:
                out[row, column] = 1.0
                continue
            nx, ny, nz = face_normal[row, column, 0], face_normal[row, column, 1], face_normal[row, column, 2]
            facing = nx * towards[0] + ny * towards[1] + nz * towards[2]
            if facing <= 0.0:
                out[row, column] = 0.0
                continue
            x, y, z = (column + 0.5 - center_x) / focal * d, (center_y - row - 0.5) / focal * d, -d
            wx = x * m[0, 0] + y * m[1, 0] + z * m[2, 0] + m[3, 0]
            wy = x * m[0, 1] + y * m[1, 1] + z * m[2, 1] + m[3, 1]
            wz = x * m[0, 2] + y * m[1, 2] + z * m[2, 2] + m[3, 2]
            lz = -(wx * to_light[0, 2] + wy * to_light[1, 2] + wz * to_light[2, 2] + to_light[3, 2])
            texel = lz / map_focal
            # Step off the surface by what the texels under the filter can differ in depth.
            push = texel * (1.0 + spread) * (1.0 - facing * facing) ** 0.5 + texel
            wx, wy, wz = wx + push * nx, wy + push * ny, wz + push * nz
            lx = wx * to_light[0, 0] + wy * to_light[1, 0] + wz * to_light[2, 0] + to_light[3, 0]
            ly = wx * to_light[0, 1] + wy * to_light[1, 1] + wz * to_light[2, 1] + to_light[3, 1]
            lz = -(wx * to_light[0, 2] + wy * to_light[1, 2] + wz * to_light[2, 2] + to_light[3, 2])
            u, v = size * 0.5 + map_focal * lx / lz, size * 0.5 - map_focal * ly / lz
            turn = (row & 3) * 4 + (column & 3)
            lit = 0
            for tap in range(_SHADOW_TAPS):
                r, c = int(v + spread * _SHADOW_OFFSETS[turn, tap, 0]), int(u + spread * _SHADOW_OFFSETS[turn, tap, 1])
                if r < 0 or c < 0 or r >= size or c >= size or not map_depth[r, c] < lz:
                    lit += 1
            out[row, column] = lit / _SHADOW_TAPS


@njit(cache=True, error_model="numpy", fastmath=_FAST)
def smooth(first, second, depth, out_first, out_second):
    """Average two images over the 4 x 4 pixels that took different samples, without crossing steps of depth."""
    height, width = depth.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    for row in range(height):
        for column in range(width):
            d = depth[row, column]
            if not d < np.inf:
                out_first[row, column], out_second[row, column] = first[row, column], second[row, column]
                continue
            tolerance = np.float32(0.04) * d
            total, other, weight = zero, zero, zero
            for r in range(max(row - 2, 0), min(row + 2, height)):
                for c in range(max(column - 2, 0), min(column + 2, width)):
                    share = one if abs(depth[r, c] - d) <= tolerance else zero
                    total += share * first[r, c]
                    other += share * second[r, c]
                    weight += share
            out_first[row, column], out_second[row, column] = total / weight, other / weight


@njit(cache=True, error_model="numpy", inline="always")
def _ambient(harmonic, x, y, z, channel):
    """Irradiance / pi in a direction, from nine spherical harmonics whose constants are multiplied in."""
    value = harmonic[0, channel] + harmonic[1, channel] * y + harmonic[2, channel] * z + harmonic[3, channel] * x
    value += harmonic[4, channel] * x * y + harmonic[5, channel] * y * z + harmonic[7, channel] * x * z
    value += harmonic[6, channel] * (np.float32(3.0) * z * z - np.float32(1.0)) + harmonic[8, channel] * (x * x - y * y)
    return max(value, np.float32(0.0))


@njit(cache=True, error_model="numpy", fastmath=_FAST)
def shade(
    albedo, decode, material, roughness, metallic, emission, normal, depth, openness, lit, camera_to_world, focal, center_x,
    center_y, harmonic, suns, lamps, out,
):  # fmt: skip
    """Shade surfaces in the light of a sky, suns and lamps.

    Diffuse light is Lambert's; highlights are Blinn and Phong's with Schlick's Fresnel term. Only the first sun casts shadows.

    Args:
        albedo: (H, W, 3) uint8 sRGB.
        decode: (256,) linear light of 8-bit sRGB.
        material: (H, W) int32 material numbers, -1 where nothing is.
        roughness, metallic, emission: Of the materials.
        normal: (H, W, 3) float32 in world.
        depth: (H, W) float32 [m].
        openness, lit: (H, W) float32 from :func:`occlude` and :func:`cast_shadow`.
        camera_to_world: (4, 4) float32, as all that follow.
        focal, center_x, center_y: Pinhole [px].
        harmonic: (9, 3) ambient light: ``Environment.ambient`` times the constants of :func:`environment.harmonics`.
        suns: (S, 6) direction to the sun and irradiance.
        lamps: (L, 10) position [m], direction, radiant intensity, and 1 where the lamp shines to one side only.
        out: (H, W, 3) float32, gets radiance.
    """
    height, width = depth.shape
    m = camera_to_world
    zero, one, two, pi = np.float32(0.0), np.float32(1.0), np.float32(2.0), np.float32(math.pi)
    dielectric, closest, dimmest = np.float32(0.04), np.float32(0.01), np.float32(0.5)
    inverse, middle_x, middle_y = np.float32(1.0 / focal), np.float32(center_x - 0.5), np.float32(center_y - 0.5)
    for row in range(height):
        for column in range(width):
            number = material[row, column]
            if number < 0:
                continue
            d = depth[row, column]
            x, y, z = (column - middle_x) * inverse * d, (middle_y - row) * inverse * d, -d
            wx = x * m[0, 0] + y * m[1, 0] + z * m[2, 0]
            wy = x * m[0, 1] + y * m[1, 1] + z * m[2, 1]
            wz = x * m[0, 2] + y * m[1, 2] + z * m[2, 2]
            length = math.sqrt(wx * wx + wy * wy + wz * wz)
            ex, ey, ez = -wx / length, -wy / length, -wz / length
            px, py, pz = wx + m[3, 0], wy + m[3, 1], wz + m[3, 2]
            nx, ny, nz = normal[row, column, 0], normal[row, column, 1], normal[row, column, 2]
            to_eye = max(nx * ex + ny * ey + nz * ez, zero)
            rough, metal = max(roughness[number], np.float32(0.15)), metallic[number]
            power = min(two / (rough * rough * rough * rough) - two, np.float32(2000.0))
            peak = (power + np.float32(8.0)) / np.float32(32.0 * math.pi)
            edge = one - to_eye
            grazing = edge * edge * edge * edge * edge * (one - rough)
            rx, ry, rz = two * to_eye * nx - ex, two * to_eye * ny - ey, two * to_eye * nz - ez
            shelter = openness[row, column]
            spread_red = spread_green = spread_blue = zero
            shine_red = shine_green = shine_blue = zero
            for s in range(suns.shape[0]):
                facing = nx * suns[s, 0] + ny * suns[s, 1] + nz * suns[s, 2]
                if facing <= zero:
                    continue
                light = facing * (lit[row, column] if s == 0 else shelter)
                hx, hy, hz = ex + suns[s, 0], ey + suns[s, 1], ez + suns[s, 2]
                h = max((nx * hx + ny * hy + nz * hz) / math.sqrt(hx * hx + hy * hy + hz * hz), zero)
                glint = light * peak * h**power if h > dimmest else zero
                light /= pi
                spread_red, shine_red = spread_red + light * suns[s, 3], shine_red + glint * suns[s, 3]
                spread_green, shine_green = spread_green + light * suns[s, 4], shine_green + glint * suns[s, 4]
                spread_blue, shine_blue = spread_blue + light * suns[s, 5], shine_blue + glint * suns[s, 5]
            for channel in range(3):
                base = decode[albedo[row, column, channel]]
                diffuse = base * (one - metal)
                mirror = dielectric + (base - dielectric) * metal
                mirror += (one - mirror) * grazing
                spread = spread_red if channel == 0 else (spread_green if channel == 1 else spread_blue)
                shine = shine_red if channel == 0 else (shine_green if channel == 1 else shine_blue)
                value = emission[number, channel] + diffuse * spread + mirror * shine
                value += diffuse * shelter * _ambient(harmonic, nx, ny, nz, channel)
                value += mirror * shelter * _ambient(harmonic, rx, ry, rz, channel)
                for k in range(lamps.shape[0]):
                    lx, ly, lz = lamps[k, 0] - px, lamps[k, 1] - py, lamps[k, 2] - pz
                    square = lx * lx + ly * ly + lz * lz
                    away = math.sqrt(square)
                    facing = (nx * lx + ny * ly + nz * lz) / away
                    if facing <= zero:
                        continue
                    side = one
                    if lamps[k, 9] > zero:
                        side = max(-(lx * lamps[k, 3] + ly * lamps[k, 4] + lz * lamps[k, 5]) / away, zero)
                    # Within a few centimetres a point is no model of a lamp; keep it finite.
                    value += diffuse / pi * lamps[k, 6 + channel] * side * facing * shelter / max(square, closest)
                out[row, column, channel] = value


@njit(cache=True, error_model="numpy")
def paint_sky(material, sky, camera_to_world, focal, center_x, center_y, out):
    """Fill pixels where nothing is with the environment's radiance.

    Args:
        material: (H, W) int32, -1 where nothing is.
        sky: (h, w, 3) float32 map (see :class:`scenecap.capture.environment.Environment`).
        camera_to_world: (4, 4).
        focal, center_x, center_y: Pinhole [px].
        out: (H, W, 3) float32.
    """
    height, width = material.shape
    tall, wide = sky.shape[0], sky.shape[1]
    m = camera_to_world
    for row in range(height):
        for column in range(width):
            if material[row, column] >= 0:
                continue
            x, y, z = (column + 0.5 - center_x) / focal, (center_y - row - 0.5) / focal, -1.0
            wx = x * m[0, 0] + y * m[1, 0] + z * m[2, 0]
            wy = x * m[0, 1] + y * m[1, 1] + z * m[2, 1]
            wz = x * m[0, 2] + y * m[1, 2] + z * m[2, 2]
            wz /= math.sqrt(wx * wx + wy * wy + wz * wz)
            u = math.atan2(wx, wy) / (2.0 * math.pi) * wide - 0.5
            v = min(max(math.acos(min(max(wz, -1.0), 1.0)) / math.pi * tall - 0.5, 0.0), tall - 1.0)
            left, upper = math.floor(u), math.floor(v)
            fx, fy = u - left, v - upper
            c0, c1 = int(left) % wide, (int(left) + 1) % wide
            r0 = int(upper)
            r1 = min(r0 + 1, tall - 1)
            for channel in range(3):
                top = sky[r0, c0, channel] * (1.0 - fx) + sky[r0, c1, channel] * fx
                bottom = sky[r1, c0, channel] * (1.0 - fx) + sky[r1, c1, channel] * fx
                out[row, column, channel] = top * (1.0 - fy) + bottom * fy


@njit(cache=True)
def lay_over(radiance, veil, opacity):
    """Blend a see-through layer into a picture in place.

    Args:
        radiance: (H, W, 3) float32.
        veil: (H, W, 3) float32.
        opacity: (H, W) float32 of the veil.
    """
    for row in range(opacity.shape[0]):
        for column in range(opacity.shape[1]):
            share = opacity[row, column]
            if share > 0.0:
                for channel in range(3):
                    radiance[row, column, channel] += (veil[row, column, channel] - radiance[row, column, channel]) * share


@njit(cache=True, error_model="numpy")
def soften_edges(picture, out):
    """Blend stair steps along edges of brightness by a quarter pixel (after T. Lottes, "FXAA", NVIDIA 2009, much reduced).

    Args:
        picture: (H, W, 3) uint8 sRGB.
        out: (H, W, 3) uint8.
    """
    height, width = picture.shape[0], picture.shape[1]
    for row in range(height):
        up, down = max(row - 1, 0), min(row + 1, height - 1)
        for column in range(width):
            left, right = max(column - 1, 0), min(column + 1, width - 1)
            n = _luma(picture, up, column)
            s = _luma(picture, down, column)
            w = _luma(picture, row, left)
            e = _luma(picture, row, right)
            here = _luma(picture, row, column)
            low, high = min(here, min(min(n, s), min(w, e))), max(here, max(max(n, s), max(w, e)))
            if high - low < 24.0:
                for channel in range(3):
                    out[row, column, channel] = picture[row, column, channel]
                continue
            nw, ne = _luma(picture, up, left), _luma(picture, up, right)
            sw, se = _luma(picture, down, left), _luma(picture, down, right)
            across_rows = abs(nw - 2 * w + sw) + 2 * abs(n - 2 * here + s) + abs(ne - 2 * e + se)
            across_columns = abs(nw - 2 * n + ne) + 2 * abs(w - 2 * here + e) + abs(sw - 2 * s + se)
            if across_rows >= across_columns:
                r = up if abs(n - here) >= abs(s - here) else down
                c = column
            else:
                r = row
                c = left if abs(w - here) >= abs(e - here) else right
            mean = (2 * (n + s + w + e) + nw + ne + sw + se) / 12.0
            blend = min(abs(mean - here) / (high - low), 1.0)
            blend = blend * blend * (3.0 - 2.0 * blend) * 0.6
            for channel in range(3):
                value = picture[row, column, channel] * (1.0 - blend) + picture[r, c, channel] * blend
                out[row, column, channel] = np.uint8(value + 0.5)


@njit(cache=True, error_model="numpy", inline="always")
def _luma(picture, row, column):
    return 0.299 * picture[row, column, 0] + 0.587 * picture[row, column, 1] + 0.114 * picture[row, column, 2]
