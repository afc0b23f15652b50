"""The rasteriser's inner loops: from projected triangles to the nearest surface and each entity's own coverage per pixel."""

from __future__ import annotations

import math

import numpy as np

from scenecap.capture.raster_setup import CUT, OUTSIDE, classify_box, njit, project_points, snap

#: Two surfaces are coplanar in a pixel where their depths differ by less than this share, or by less than what a shift of
#: TIE_PX pixels along the surface makes (corners are snapped, and at a grazing angle that shows in the depth); at most by
#: TIE_LARGEST.
TIE = 4e-6
TIE_PX = 2e-4
TIE_LARGEST = 1e-4

#: Triangles wider than this [px] are filled row by row, narrower ones by testing each pixel of their box.
_SPAN_WIDTH = 12


@njit(cache=True, error_model="numpy")
def draw_triangles(
    x, y, z, triangles, point_start, triangle_start, bounds, prototype, order, entity_of_gprim, matrices, focal, center_x,
    center_y, width, height, near, far, screen_x, screen_y, inverse, depth, best, hit, stamp, unoccluded, loose,
    truncated,
):  # fmt: skip
    """Rasterise gprims in the given order; see :func:`scenecap.capture.raster.rasterize` for what the outputs mean.

    ``order`` lists the gprims to draw, entity after entity. ``screen_x`` to ``depth`` are scratch, as long as the largest
    prototype. ``best`` (inverse depth, float32), ``hit`` (gprim << 32 | triangle, int64) and ``stamp`` (last entity that
    covered the pixel, int32) are flat pictures; ``best`` starts below the far distance's inverse depth, the others at -1.
    """
    inverse_far = 1.0 / far
    clip_x = np.empty(4)
    clip_y = np.empty(4)
    clip_i = np.empty(4)
    for slot in range(order.size):
        g = order[slot]
        p = prototype[g]
        e = entity_of_gprim[g]
        matrix = matrices[g]
        place = classify_box(bounds[p], matrix, focal, center_x, center_y, width, height, near, far)
        if place == OUTSIDE:
            truncated[e] = True
            continue
        first, last = point_start[p], point_start[p + 1]
        project_points(x, y, z, first, last, matrix, focal, center_x, center_y, screen_x, screen_y, inverse, depth)
        if place == CUT and not truncated[e]:
            for k in range(last - first):
                d = depth[k]
                if (
                    d < near
                    or d > far
                    or screen_x[k] < -0.5
                    or screen_x[k] > width - 0.5
                    or screen_y[k] < -0.5
                    or screen_y[k] > height - 0.5
                ):
                    truncated[e] = True
                    break
        count = 0
        box_x0, box_y0, box_x1, box_y1 = width, height, -1, -1
        base = triangle_start[p]
        code = np.int64(g) << 32
        clips = place == CUT
        for t in range(triangle_start[p + 1] - base):
            # Unsigned point numbers: numba then needs no check for negative ones.
            a, b, c = triangles[base + t, 0], triangles[base + t, 1], triangles[base + t, 2]
            if clips and (depth[a] < near or depth[b] < near or depth[c] < near):
                corners = _clip_near(x, y, z, first, a, b, c, matrix, focal, center_x, center_y, near, clip_x, clip_y, clip_i)
                for k in range(1, corners - 1):
                    n, x0, y0, x1, y1 = _fill(
                        clip_x[0], clip_y[0], clip_i[0], clip_x[k], clip_y[k], clip_i[k], clip_x[k + 1], clip_y[k + 1],
                        clip_i[k + 1], width, height, inverse_far, code | t, e, best, hit, stamp,
                    )  # fmt: skip
                    count += n
                    box_x0, box_y0 = min(box_x0, x0), min(box_y0, y0)
                    box_x1, box_y1 = max(box_x1, x1), max(box_y1, y1)
                continue
            ax, bx, cx = screen_x[a], screen_x[b], screen_x[c]
            # Most triangles of a fine mesh lie between pixel centres: leave those before anything else is computed.
            x0 = max(math.ceil(min(ax, min(bx, cx))), 0)
            x1 = min(math.floor(max(ax, max(bx, cx))), width - 1)
            if x0 > x1:
                continue
            ay, by, cy = screen_y[a], screen_y[b], screen_y[c]
            y0 = max(math.ceil(min(ay, min(by, cy))), 0)
            y1 = min(math.floor(max(ay, max(by, cy))), height - 1)
            if y0 > y1:
                continue
            if x1 - x0 >= _SPAN_WIDTH:
                n, x0, y0, x1, y1 = _fill(
                    ax, ay, inverse[a], bx, by, inverse[b], cx, cy, inverse[c], width, height, inverse_far, code | t, e,
                    best, hit, stamp,
                )  # fmt: skip
                count += n
                box_x0, box_y0 = min(box_x0, x0), min(box_y0, y0)
                box_x1, box_y1 = max(box_x1, x1), max(box_y1, y1)
                continue
            # A narrow triangle: test each pixel of its box. The edge functions are exact, and so is their sum, the area.
            abx, aby, acx, acy = bx - ax, by - ay, cx - ax, cy - ay
            area = abx * acy - acx * aby
            if area == 0.0:
                continue
            sign = 1.0 if area > 0.0 else -1.0
            size = area * sign
            step1, step2 = acy * sign, -aby * sign
            # What depth needs is worked out at the first pixel that is covered: most small triangles cover none.
            scale = slack = ai = bi = ci = 0.0
            widens = False
            for row in range(y0, y1 + 1):
                dx, dy = x0 - ax, row - ay
                e1 = (dx * acy - acx * dy) * sign
                e2 = (abx * dy - dx * aby) * sign
                pixel = np.uint64(row * width + x0)
                for column in range(x0, x1 + 1):
                    e0 = size - e1 - e2
                    if min(e0, min(e1, e2)) >= 0.0:
                        if scale == 0.0:
                            scale = 1.0 / size
                            ai, bi, ci = inverse[a], inverse[b], inverse[c]
                            slack = _slack(abx, aby, acx, acy, bi - ai, ci - ai, scale)
                            # Within what the entity covers already, its box needs no look at single pixels.
                            widens = x0 < box_x0 or x1 > box_x1 or y0 < box_y0 or y1 > box_y1
                        value = (e0 * ai + e1 * bi + e2 * ci) * scale
                        if value >= inverse_far:
                            # Written without branches: which way they go is a coin toss, and a wrong guess costs more.
                            count += stamp[pixel] != e
                            stamp[pixel] = e
                            if widens:
                                box_x0, box_y0 = min(box_x0, column), min(box_y0, row)
                                box_x1, box_y1 = max(box_x1, column), max(box_y1, row)
                            nearer = value - min(TIE * value + slack, TIE_LARGEST * value) > best[pixel]
                            best[pixel] = np.float32(value) if nearer else best[pixel]
                            hit[pixel] = code | t if nearer else hit[pixel]
                    e1 += step1
                    e2 += step2
                    pixel += np.uint64(1)
        if count > 0:
            unoccluded[e] += count
            loose[e, 0] = min(loose[e, 0], box_x0)
            loose[e, 1] = min(loose[e, 1], box_y0)
            loose[e, 2] = max(loose[e, 2], box_x1)
            loose[e, 3] = max(loose[e, 3], box_y1)


@njit(cache=True, error_model="numpy")
def _clip_near(x, y, z, first, a, b, c, matrix, focal, center_x, center_y, near, out_x, out_y, out_i):
    """Clip a triangle at the near plane (Sutherland and Hodgman 1974); return how many projected corners were written."""
    n = 0
    for k in range(3):
        here = a if k == 0 else (b if k == 1 else c)
        there = b if k == 0 else (c if k == 1 else a)
        hx, hy, hz = _to_camera(x, y, z, first + here, matrix)
        tx, ty, tz = _to_camera(x, y, z, first + there, matrix)
        inside_here, inside_there = -hz >= near, -tz >= near
        if inside_here:
            out_x[n] = snap(center_x - 0.5 + focal * hx / -hz)
            out_y[n] = snap(center_y - 0.5 - focal * hy / -hz)
            out_i[n] = 1.0 / -hz
            n += 1
        if inside_here != inside_there:
            # From the lower point number to the higher one, so that two triangles at an edge cut it at the same point.
            if here > there:
                hx, hy, hz, tx, ty, tz = tx, ty, tz, hx, hy, hz
            s = (-near - hz) / (tz - hz)
            out_x[n] = snap(center_x - 0.5 + focal * (hx + s * (tx - hx)) / near)
            out_y[n] = snap(center_y - 0.5 - focal * (hy + s * (ty - hy)) / near)
            out_i[n] = 1.0 / near
            n += 1
    return n


@njit(cache=True, error_model="numpy", inline="always")
def _to_camera(x, y, z, k, m):
    px, py, pz = float(x[k]), float(y[k]), float(z[k])
    return (
        px * m[0, 0] + py * m[1, 0] + pz * m[2, 0] + m[3, 0],
        px * m[0, 1] + py * m[1, 1] + pz * m[2, 1] + m[3, 1],
        px * m[0, 2] + py * m[1, 2] + pz * m[2, 2] + m[3, 2],
    )


@njit(cache=True, error_model="numpy", inline="always")
def _slack(abx, aby, acx, acy, abi, aci, scale):
    """Return how much a triangle's inverse depth changes over TIE_PX pixels."""
    return (abs(abi * acy - aci * aby) + abs(aci * abx - abi * acx)) * abs(scale) * TIE_PX


@njit(cache=True, error_model="numpy")
def _fill(ax, ay, ai, bx, by, bi, cx, cy, ci, width, height, inverse_far, code, entity, best, hit, stamp):
    """Fill one triangle row by row; return how many pixels the entity covers for the first time, and the box of all."""
    box_x0, box_y0, box_x1, box_y1 = width, height, -1, -1
    count = 0
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if area == 0.0 or not math.isfinite(area):
        return count, box_x0, box_y0, box_x1, box_y1
    if area < 0.0:
        bx, by, bi, cx, cy, ci = cx, cy, ci, bx, by, bi
        area = -area
    x0 = int(max(math.ceil(min(ax, min(bx, cx))), 0.0))
    x1 = int(min(math.floor(max(ax, max(bx, cx))), width - 1.0))
    y0 = int(max(math.ceil(min(ay, min(by, cy))), 0.0))
    y1 = int(min(math.floor(max(ay, max(by, cy))), height - 1.0))
    # Inverse depth is linear on the screen.
    gx = ((bi - ai) * (cy - ay) - (ci - ai) * (by - ay)) / area
    gy = ((ci - ai) * (bx - ax) - (bi - ai) * (cx - ax)) / area
    slack = (abs(gx) + abs(gy)) * TIE_PX
    low = min(ai, min(bi, ci))
    high = max(ai, max(bi, ci))
    # Edge functions E(x, y) = E0 + A * x + B * y, not negative inside; edge k lies across from corner k.
    a0, a1, a2 = by - cy, cy - ay, ay - by
    b0, b1, b2 = cx - bx, ax - cx, bx - ax
    for row in range(y0, y1 + 1):
        e0 = a0 * (x0 - bx) + b0 * (row - by)
        e1 = a1 * (x0 - cx) + b1 * (row - cy)
        e2 = a2 * (x0 - ax) + b2 * (row - ay)
        # In a row, each edge bounds the span from the left (A > 0) or from the right (A < 0).
        start, stop = 0.0, float(x1 - x0)
        if a0 > 0.0:
            start = max(start, math.ceil(-e0 / a0))
        elif a0 < 0.0:
            stop = min(stop, math.floor(-e0 / a0))
        elif e0 < 0.0:
            continue
        if a1 > 0.0:
            start = max(start, math.ceil(-e1 / a1))
        elif a1 < 0.0:
            stop = min(stop, math.floor(-e1 / a1))
        elif e1 < 0.0:
            continue
        if a2 > 0.0:
            start = max(start, math.ceil(-e2 / a2))
        elif a2 < 0.0:
            stop = min(stop, math.floor(-e2 / a2))
        elif e2 < 0.0:
            continue
        if start > stop:
            continue
        left, right = x0 + int(start), x0 + int(stop)
        row_inverse = ai - gx * ax + gy * (row - ay)
        if min(max(row_inverse + gx * left, low), high) < inverse_far or (
            min(max(row_inverse + gx * right, low), high) < inverse_far
        ):
            # The far distance cuts the row: draw its nearer part only (inverse depth is linear).
            while left <= right and min(max(row_inverse + gx * left, low), high) < inverse_far:
                left += 1
            while left <= right and min(max(row_inverse + gx * right, low), high) < inverse_far:
                right -= 1
            if left > right:
                continue
        base = row * width
        for column in range(left, right + 1):
            value = min(max(row_inverse + gx * column, low), high)
            pixel = np.uint64(base + column)
            if stamp[pixel] != entity:
                stamp[pixel] = entity
                count += 1
            if value - min(TIE * value + slack, TIE_LARGEST * value) > best[pixel]:
                best[pixel] = value
                hit[pixel] = code
        box_x0, box_x1 = min(box_x0, left), max(box_x1, right)
        box_y0, box_y1 = min(box_y0, row), max(box_y1, row)
    return count, box_x0, box_y0, box_x1, box_y1
