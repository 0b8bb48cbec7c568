"""Face boxes that are displaced: shifted, scaled, rotated."""

import math

import cv2
import numpy as np

from despoof_keras.evaluation.robustness.conditions import Condition
from despoof_keras.faces.crop import CropRule, crop_box, crop_face, cut_square, eye_distance, resize


def shifted(eyes: np.ndarray, rule: CropRule, share: float, direction: float) -> np.ndarray:
    """The eyes from which a crop's square is cut further on.

    Args:
        eyes: `(x_right, y_right, x_left, y_left)` in pixels.
        rule: where the square lies.
        share: how far it moves, in units of its side.
        direction: where to, in radians; 0 is to the right, a quarter turn is down.

    Returns:
        `(4,)` in pixels.
    """
    length = share * rule.side * eye_distance(eyes)
    return eyes + np.tile([length * math.cos(direction), length * math.sin(direction)], 2)


def scaled(eyes: np.ndarray, rule: CropRule, factor: float) -> np.ndarray:
    """The eyes from which a square with the same centre and `factor` times the side is cut."""
    distance = eye_distance(eyes)
    half = rule.side / 2
    centre = eyes[:2] + distance * (half - np.array([rule.left, rule.up]))
    return np.tile(centre, 2) * (1 - factor) + factor * np.asarray(eyes)


def rotated_crop(
    frame: np.ndarray, eyes: np.ndarray, size: int, rule: CropRule, degrees: float
) -> np.ndarray:
    """Cut the face out as `crop_face` does, from a square that is turned around its centre.

    Args:
        frame: `(height, width, 3)` uint8.
        eyes: `(x_right, y_right, x_left, y_left)` in pixels.
        size: side of the crop, in pixels.
        rule: where the square lies.
        degrees: by how much the square turns clockwise, so that the face turns the other way.

    Returns:
        `(size, size, 3)` float32 in [0, 255].

    Raises:
        DataError: as for `crop_face`.
    """
    x, y, side = box = crop_box(eyes, rule)
    cut_square(frame, box)  # raises where there is no such square
    middle = (side - 1) / 2
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cosine, -sine], [sine, cosine]])
    # From the square's pixels to the frame's.
    offset = np.array([x + middle, y + middle]) - turn @ [middle, middle]
    square = cv2.warpAffine(
        frame,
        np.column_stack([turn, offset]),
        (side, side),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return resize(square, size, rule=rule.resize)


def displaced_crop(
    frame: np.ndarray,
    eyes: np.ndarray,
    size: int,
    rule: CropRule,
    condition: Condition,
    chance: float,
) -> np.ndarray:
    """Cut the face out of a displaced box.

    Args:
        frame, eyes, size, rule: as for `rotated_crop`.
        condition: of a family that acts on the box.
        chance: in [0, 1), decides the direction of a shift, and to which side a box turns.

    Returns:
        `(size, size, 3)` float32 in [0, 255].

    Raises:
        DataError: as for `crop_face`.
    """
    family, strength = condition
    if family == "rotation":
        degrees = strength if chance < 0.5 else -strength
        return rotated_crop(frame, eyes, size, rule, degrees)
    if family == "shift":
        eyes = shifted(eyes, rule, strength, 2 * math.pi * chance)
    else:
        eyes = scaled(eyes, rule, strength)
    return crop_face(frame, eyes, size, rule=rule)
