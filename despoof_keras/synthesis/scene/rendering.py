"""Render a head as linear radiance, with its exact eye positions and depth.

The camera is far away in relation to the head's size, so the projection is a rotation, a scaling
and a shift. An iteration on the height field finds the surface point that a sample sees. Light is
smooth, so it is computed for every second sample only; colours are computed for all samples.
"""

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from despoof_keras.simulation.lighting import TOWARDS_CAMERA, WRAP, Lighting
from despoof_keras.simulation.motion import Pose, rotation
from despoof_keras.synthesis.heads.head import Head
from despoof_keras.synthesis.heads.shape import TEXELS, X_LIMIT, Y_LIMIT, bump

PIVOT = np.array([0.0, 0.9, -0.3])  # heads turn about the top of the neck
ITERATIONS = 5  # after these, the residual is below a texel for all poses that are drawn
REACH_X, REACH_UP, REACH_DOWN = (
    1.8,
    2.4,
    2.4,
)  # eye distances that a head can cover
DEPTH_SPAN = 1.6  # eye distances (100 mm) from the nose tip to the plane of the ears
SHADOW_STEPS = (0.06, 0.12, 0.2, 0.3, 0.42, 0.56)  # eye distances along the light's ray
SHADOW_DEPTH = 0.75  # share of the key light that a cast shadow takes away
GLOSS_POWER = 18.0  # width of highlights on skin
GLOSS_STRENGTH = 0.16
GLINT_SIZE = 0.016  # eye distances: image of the lamp on the cornea
GLINT_STRENGTH = 0.9
SILHOUETTE_MARGIN = 0.2  # eye distances: more than jaw and smile together move the outline
JAW_DROP = 0.09  # eye distances by which an open jaw lowers the lower lip
SMILE_PULL = 0.07


@dataclasses.dataclass(frozen=True)
class Placement:
    """A head's place on a raster: image of the pivot (x, y) and samples per eye distance."""

    x: float
    y: float
    scale: float


def project(points: NDArray[np.float64], pose: Pose, placement: Placement) -> NDArray[np.float64]:
    """Project head coordinates (n, 3) to raster positions (n, 2)."""
    turned = (points - PIVOT) @ rotation(pose).T
    return turned[:, :2] * placement.scale + [placement.x, placement.y]


def place_eyes(head: Head, pose: Pose, centre: tuple[float, float], distance: float) -> Placement:
    """Find the placement that puts a head's eyes at the wanted positions.

    Args:
        head: `Head`.
        pose: `Pose` in which the eyes lie there.
        centre: (x, y) of the point between the eyes, raster samples.
        distance: the larger of the eyes' horizontal and vertical distance, raster samples.

    Returns:
        `Placement`.
    """
    eyes = project(head.eye_points, pose, Placement(0.0, 0.0, 1.0))
    scale = distance / np.abs(eyes[1] - eyes[0]).max()
    middle = eyes.mean(axis=0) * scale
    return Placement(centre[0] - middle[0], centre[1] - middle[1], scale)


def cast_shadows(head: Head, pose: Pose, lighting: Lighting) -> NDArray[np.float32]:
    """Compute the share of the key light that reaches each texel, float32 (rows, columns)."""
    towards = rotation(pose).T @ lighting.key.direction
    height = cv2.GaussianBlur(head.height, (0, 0), 1.0)
    blocked = np.zeros_like(height)
    for step in SHADOW_STEPS:
        shift = towards[:2] * step * TEXELS
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
        ahead = cv2.warpAffine(
            height,
            matrix,
            height.shape[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=-9,
        )
        over = (ahead - height - towards[2] * step) / (0.05 + 0.25 * step)
        blocked = np.maximum(blocked, np.clip(over, 0, 1))
    return 1 - SHADOW_DEPTH * cv2.GaussianBlur(blocked, (0, 0), 2.5)


def render_head(
    canvas: np.ndarray,
    head: Head,
    pose: Pose,
    placement: Placement,
    lighting: Lighting,
    shadow: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Draw a head over a raster of linear radiance, in place.

    Args:
        canvas: float32 (rows, columns, 3), linear RGB; changed in place.
        head: `Head`.
        pose: `Pose`.
        placement: `Placement` on this raster.
        lighting: `Lighting`.
        shadow: result of `cast_shadows`.

    Returns:
        eyes: float64 (2, 2), raster positions (x, y) of the subject's right and left eye.
        depth: float32 (rows / 2, columns / 2) in [0, 1], 1 at the nearest point of the face,
            0 where there is no face. Sample i lies at raster position 2 i + 0.5.
    """
    left, top, columns, rows = _region(canvas.shape, placement)
    depth = np.zeros((canvas.shape[0] // 2, canvas.shape[1] // 2), np.float32)
    eyes = project(head.eye_points, pose, placement)
    if columns <= 0 or rows <= 0:
        return eyes, depth
    turn = rotation(pose)
    u, v, z = _solve(head, turn, placement, left, top, columns // 2, rows // 2)
    surface = cv2.remap(head.surface, u, v, cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
    covered = surface[..., 0] > 0
    if not covered.any():
        return eyes, depth
    _fill_depth(depth[top // 2 : (top + rows) // 2, left // 2 : (left + columns) // 2], z, surface)
    # From here on, only the part that the head covers is computed: about half of the region.
    box = _bounding_box(covered, int(0.5 * SILHOUETTE_MARGIN * placement.scale) + 2)
    u, v, surface = u[box], v[box], surface[box]
    view = canvas[top : top + rows, left : left + columns]
    view = view[2 * box[0].start : 2 * box[0].stop, 2 * box[1].start : 2 * box[1].stop]
    normals = cv2.transform(cv2.remap(head.normals, u, v, cv2.INTER_LINEAR), turn)
    lit = cv2.remap(shadow, u, v, cv2.INTER_LINEAR)
    diffuse, gloss = _shade(normals, surface, lit, lighting)
    full = view.shape[1::-1]
    u, v = _express(cv2.resize(u, full), cv2.resize(v, full), head.identity, pose)
    colour = cv2.remap(_with_lids(head, pose.blink), u, v, cv2.INTER_LINEAR)
    colour *= cv2.resize(diffuse, full)
    colour += cv2.resize(gloss, full)
    colour -= view
    colour *= cv2.merge([cv2.remap(head.alpha, u, v, cv2.INTER_LINEAR)] * 3)
    view += colour
    _add_glints(canvas, eyes, placement.scale, pose, lighting)
    return eyes, depth


def _region(shape, placement):
    scale = placement.scale
    left = max(0, int(placement.x - REACH_X * scale) // 2 * 2)
    right = min(shape[1], int(placement.x + REACH_X * scale)) // 2 * 2
    middle = placement.y - PIVOT[1] * scale
    top = max(0, int(middle - REACH_UP * scale) // 2 * 2)
    bottom = min(shape[0], int(middle + REACH_DOWN * scale)) // 2 * 2
    return left, top, right - left, bottom - top


def _solve(head, turn, placement, left, top, columns, rows):
    """Find texture coordinates u, v and rotated z of every second sample of the region."""
    x = ((left + 0.5 + 2 * np.arange(columns)) - placement.x) / placement.scale
    y = ((top + 0.5 + 2 * np.arange(rows)) - placement.y) / placement.scale
    back = np.linalg.inv(turn[:2, :2])
    slant = back @ turn[:2, 2]
    base = back @ (turn[:2] @ PIVOT)
    x0 = back[0, 0] * x[None, :] + back[0, 1] * y[:, None] + base[0]
    y0 = back[1, 0] * x[None, :] + back[1, 1] * y[:, None] + base[1]
    u0 = ((x0 + X_LIMIT) * TEXELS).astype(np.float32)
    v0 = ((y0 + Y_LIMIT) * TEXELS).astype(np.float32)
    z = np.full(u0.shape, 0.8, np.float32)
    for _ in range(ITERATIONS):
        u = u0 - np.float32(slant[0] * TEXELS) * z
        v = v0 - np.float32(slant[1] * TEXELS) * z
        z = cv2.remap(head.height, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    point = [u / TEXELS - X_LIMIT - PIVOT[0], v / TEXELS - Y_LIMIT - PIVOT[1], z - PIVOT[2]]
    return u, v, turn[2, 0] * point[0] + turn[2, 1] * point[1] + turn[2, 2] * point[2]


def _bounding_box(mask, margin):
    """Return row and column slices that hold all True samples of a mask, with a margin."""
    box = []
    for line in (mask.any(axis=1), mask.any(axis=0)):
        first, last = np.flatnonzero(line)[[0, -1]]
        box.append(slice(max(0, first - margin), min(len(line), last + 1 + margin)))
    return tuple(box)


def _shade(normals, surface, lit, lighting):
    """Compute the diffuse factor and the highlights to add, float32 (rows, columns, 3) each."""
    gloss, occlusion = surface[..., 2], surface[..., 3]
    sky = occlusion * (0.75 - 0.25 * normals[..., 1])  # more light from above than below
    # Planes of one colour each: NumPy is slow where the last axis has only three elements.
    diffuse = [sky * share for share in lighting.ambient.astype(np.float32)]
    shine = [np.zeros_like(sky) for _ in diffuse]
    for light, reach in ((lighting.key, lit), (lighting.fill, occlusion)):
        facing = normals @ light.direction.astype(np.float32)
        wrapped = np.clip((facing + WRAP) / (1 + WRAP), 0, 1) ** 1.3 * reach
        half = light.direction + TOWARDS_CAMERA
        half = (half / np.linalg.norm(half)).astype(np.float32)
        peak = np.clip(normals @ half, 0, 1) ** GLOSS_POWER * (facing > 0)
        highlight = GLOSS_STRENGTH * peak * gloss * reach
        for channel, share in enumerate(light.colour.astype(np.float32)):
            diffuse[channel] += wrapped * share
            shine[channel] += highlight * share
    return cv2.merge(diffuse), cv2.merge(shine)


def _express(u, v, identity, pose):
    """Move the texture coordinates around the mouth for an open jaw and a smile."""
    if pose.jaw < 0.02 and pose.smile < 0.02:
        return u, v
    x, y = u / TEXELS - X_LIMIT, v / TEXELS - Y_LIMIT
    low = bump(x, y, 0, identity.mouth_y + 0.22, 0.45, 0.2)
    corners = bump(np.abs(x), y, identity.mouth_width, identity.mouth_y, 0.2, 0.16)
    v = v + np.float32(TEXELS) * (SMILE_PULL * pose.smile * corners - JAW_DROP * pose.jaw * low)
    u = u - np.float32(TEXELS * SMILE_PULL * pose.smile) * np.sign(x) * corners
    return u.astype(np.float32), v.astype(np.float32)


def _with_lids(head, blink):
    if blink <= 0:
        return head.open
    rows = np.s_[int((Y_LIMIT - 0.25) * TEXELS) : int((Y_LIMIT + 0.25) * TEXELS)]
    albedo = head.open.copy()
    albedo[rows] += np.float32(blink) * (head.closed[rows] - albedo[rows])
    return albedo


def _add_glints(canvas, eyes, scale, pose, lighting):
    """Add the lamp's image to each cornea, whose curvature displaces it towards the light."""
    strength = GLINT_STRENGTH * (1 - pose.blink) * lighting.key.colour
    offset = lighting.key.direction[:2] * 0.05 * scale
    reach = max(2, int(4 * GLINT_SIZE * scale))
    for eye in eyes:
        x, y = eye + offset
        left, top = int(x) - reach, int(y) - reach
        if left < 0 or top < 0 or left + 2 * reach >= canvas.shape[1]:
            continue
        view = canvas[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
        rows, columns = np.mgrid[0 : view.shape[0], 0 : view.shape[1]]
        spot = bump(columns, rows, x - left, y - top, GLINT_SIZE * scale, GLINT_SIZE * scale)
        view += (spot[..., None] * strength).astype(np.float32)


def _fill_depth(view, z, surface):
    face = surface[..., 1]
    visible = face > 0.5
    if not visible.any():
        return
    front = z[visible].max()
    view[:] = np.where(visible, np.clip(1 - (front - z) / DEPTH_SPAN, 0.0, 1), 0)
