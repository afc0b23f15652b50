"""Rasteriser, first half: cull gprims against the picture's frustum and project their points.

Screen coordinates put the centre of pixel (row r, column c) at (c, r), and are snapped to 2^-14 px: for pictures up to
2048 px wide all edge functions are then exact in float64, so a shared edge leaves no crack and no pixel is counted by chance.
"""

from __future__ import annotations

import math

from scenecap.errors import MissingExtraError

try:
    from numba import njit
except ImportError as error:  # pragma: no cover - depends on the installation
    raise MissingExtraError("numba", extra="capture", purpose="The embedded capture") from error

#: Screen coordinates are multiples of 1 / SNAP px.
SNAP = 16384.0

#: What :func:`classify_box` says of a gprim.
OUTSIDE, CUT, INSIDE = 0, 1, 2


@njit(cache=True, error_model="numpy")
def classify_box(box, matrix, focal, center_x, center_y, width, height, near, far):
    """Say whether a local box lies outside the frustum, inside it, or is cut by it.

    Args:
        box: (2, 3) local min and max.
        matrix: (4, 4) local -> camera.
        focal, center_x, center_y: Pinhole [px], continuous pixel coordinates.
        width, height: Picture [px].
        near, far: Clipping distances [m].

    Returns:
        OUTSIDE, CUT or INSIDE.
    """
    out_left = out_right = out_top = out_bottom = out_near = out_far = 0
    inside = True
    for corner in range(8):
        x = box[corner & 1, 0]
        y = box[(corner >> 1) & 1, 1]
        z = box[(corner >> 2) & 1, 2]
        cx = x * matrix[0, 0] + y * matrix[1, 0] + z * matrix[2, 0] + matrix[3, 0]
        cy = x * matrix[0, 1] + y * matrix[1, 1] + z * matrix[2, 1] + matrix[3, 1]
        d = -(x * matrix[0, 2] + y * matrix[1, 2] + z * matrix[2, 2] + matrix[3, 2])
        # Pixel coordinates times depth: linear, so a plane test on corners holds for all in between.
        px = focal * cx + center_x * d
        py = center_y * d - focal * cy
        left, right = px < 0.0, px > width * d
        top, bottom = py < 0.0, py > height * d
        out_left += left
        out_right += right
        out_top += top
        out_bottom += bottom
        out_near += d < near
        out_far += d > far
        if left or right or top or bottom or d < near or d > far:
            inside = False
    if inside:
        return INSIDE
    if out_left == 8 or out_right == 8 or out_top == 8 or out_bottom == 8 or out_near == 8 or out_far == 8:
        return OUTSIDE
    return CUT


@njit(cache=True, error_model="numpy")
def project_points(x, y, z, start, end, matrix, focal, center_x, center_y, screen_x, screen_y, inverse_depth, depth):
    """Project the points of one prototype into scratch arrays.

    ``screen_x``, ``screen_y`` and ``inverse_depth`` mean nothing where ``depth`` is not positive.
    """
    m00, m10, m20, m30 = matrix[0, 0], matrix[1, 0], matrix[2, 0], matrix[3, 0]
    m01, m11, m21, m31 = matrix[0, 1], matrix[1, 1], matrix[2, 1], matrix[3, 1]
    m02, m12, m22, m32 = matrix[0, 2], matrix[1, 2], matrix[2, 2], matrix[3, 2]
    for k in range(end - start):
        px, py, pz = float(x[start + k]), float(y[start + k]), float(z[start + k])
        d = -(px * m02 + py * m12 + pz * m22 + m32)
        inverse = 1.0 / d
        scale = focal * inverse
        sx = center_x - 0.5 + (px * m00 + py * m10 + pz * m20 + m30) * scale
        sy = center_y - 0.5 - (px * m01 + py * m11 + pz * m21 + m31) * scale
        screen_x[k] = snap(sx)
        screen_y[k] = snap(sy)
        inverse_depth[k] = inverse
        depth[k] = d


@njit(cache=True, error_model="numpy", inline="always")
def snap(value):
    """Round a screen coordinate to the grid."""
    return math.floor(value * SNAP + 0.5) / SNAP
