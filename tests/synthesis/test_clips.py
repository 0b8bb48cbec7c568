"""The physics of the embedded data set: heads, media, cameras."""

import cv2
import numpy as np
import pytest

from despoof_keras.errors import DataError
from despoof_keras.simulation.cameras import EARLY_BLUR, PHONES, RASTER, Camera, draw_capture
from despoof_keras.simulation.displays import STRIPES, Display, Panel
from despoof_keras.simulation.motion import Pose
from despoof_keras.simulation.presentation import OVERSCAN, Framing, Presentation
from despoof_keras.simulation.printing import DOTS, PRINTERS, Printer, print_sheet
from despoof_keras.synthesis.clips import EYE_DISTANCE, EYE_X, EYE_Y
from despoof_keras.synthesis.heads.head import build_head
from despoof_keras.synthesis.heads.identity import draw_identity
from despoof_keras.synthesis.layouts.oulu_npu import ClipKey, render_clip
from despoof_keras.synthesis.scene.rendering import Placement, place_eyes, project
from despoof_keras.synthesis.video.clip_files import clip_bytes, encode_clip

SIZE = (96, 128)
REST = Pose(0, 0, 0, 0, 0, 0)


def display(pitch):
    mixing = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    return Display((pitch, pitch), STRIPES, mixing, (6500, 6500), (2, 2), (0, 0), (0, 0), (0, 0))


def seen_structure(pitch, blur):
    """Contrast that the camera's raster keeps of a white display of some pixel pitch."""
    height, width = SIZE
    panel = Panel(display(pitch), (width * OVERSCAN, height * OVERSCAN), np.random.default_rng(0))
    eyes = np.array([[-20.0, 0.0], [20.0, 0.0]])
    framing = Framing(SIZE, (width / 2, height / 2), 40.0, 1)
    held = Presentation(framing, eyes, np.random.default_rng(1))
    white = np.full((64, 64, 3), 255, np.uint8)
    raster = cv2.GaussianBlur(
        held.view(held.soften(panel.show(white)), 0),
        (0, 0),
        RASTER * np.sqrt(blur**2 - EARLY_BLUR**2),
    )
    sensor = cv2.resize(raster, (width, height), interpolation=cv2.INTER_AREA)
    middle = sensor[20:-20, 20:-20, 1]
    return middle.std() / middle.mean(), middle.mean()


def test_grid_shows_by_resampling_alone():
    coarse, mean = seen_structure(2.6, 0.4)  # a period of 2.6 pixels: below Nyquist, resolved
    middle, _ = seen_structure(1.5, 0.4)  # above Nyquist: aliased and weakened by the aperture
    fine, _ = seen_structure(0.8, 0.4)  # far above: gone
    assert mean == pytest.approx(1.0, abs=0.05)
    assert coarse > 3 * middle > 9 * fine
    assert fine < 0.02


def test_moire_changes_with_the_pitch_of_the_grid():
    def period(pitch):
        height, width = SIZE
        panel = Panel(
            display(pitch), (width * OVERSCAN, height * OVERSCAN), np.random.default_rng(0)
        )
        eyes = np.array([[-20.0, 0.0], [20.0, 0.0]])
        held = Presentation(Framing(SIZE, (64, 48), 40.0, 1), eyes, np.random.default_rng(1))
        view = held.view(held.soften(panel.show(np.full((64, 64, 3), 255, np.uint8))), 0)
        row = cv2.resize(view, (width, height), interpolation=cv2.INTER_AREA)[48, :, 1]
        spectrum = np.abs(np.fft.rfft(row - row.mean()))
        return np.argmax(spectrum) / width

    # Frequencies above 0.5 cycles a pixel fold back: 1/1.6 to 1 - 1/1.6, 1/1.3 to 1 - 1/1.3.
    assert period(1.6) == pytest.approx(1 - 1 / 1.6, abs=0.05)
    assert period(1.3) == pytest.approx(1 - 1 / 1.3, abs=0.05)
    assert period(3.0) == pytest.approx(1 / 3.0, abs=0.05)


def test_halftone_keeps_the_mean_and_is_made_of_dots():
    ideal = Printer(
        2.5, ((0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 0)), (1, 1, 1), (0, 0), 1e-3, 0, 0, (0, 0)
    )
    grey = np.full((60, 80, 3), int(255 * np.sqrt(0.5)), np.uint8)
    sheet = print_sheet(ideal, grey, (80, 60), np.random.default_rng(0))
    assert sheet.shape == (120, 160, 3)
    assert sheet.mean() == pytest.approx(0.5, abs=0.02)  # linear light is kept
    assert sheet.std() > 0.2  # dots, not grey ink
    assert DOTS * ideal.pitch > 4  # a dot has a shape


@pytest.mark.parametrize("file", [2, 3])
def test_print_cannot_leave_the_inks_gamut(file):
    printer = PRINTERS[file]
    rng = np.random.default_rng(0)
    white = print_sheet(printer, np.full((48, 48, 3), 255, np.uint8), (48, 48), rng)
    black = print_sheet(printer, np.zeros((48, 48, 3), np.uint8), (48, 48), rng)
    assert white.mean(axis=(0, 1)) == pytest.approx(printer.paper, rel=0.02)
    assert 0 < black.mean() < 0.1


def test_fine_screen_is_weaker_than_the_coarse_one():
    grey = np.full((60, 80, 3), 160, np.uint8)
    contrast = {}
    for file, printer in PRINTERS.items():
        sheet = print_sheet(printer, grey, (80, 60), np.random.default_rng(0))
        sensor = cv2.resize(
            cv2.GaussianBlur(sheet, (0, 0), 0.9), (80, 60), interpolation=cv2.INTER_AREA
        )
        contrast[file] = (sensor.std(axis=(0, 1)) / sensor.mean(axis=(0, 1))).mean()
    assert contrast[3] < 0.75 * contrast[2]


def test_eye_positions_of_all_presentations_have_one_distribution():
    for file in range(1, 6):
        for subject in range(1, 4):
            clip = render_clip(ClipKey("dev", subject, 2, 3, file), 1, SIZE[::-1], seed=9)
            x_right, y_right, x_left, y_left = clip.eyes[0]
            distance = max(x_left - x_right, abs(y_left - y_right)) / SIZE[0]
            assert EYE_DISTANCE[0] - 0.02 < distance < EYE_DISTANCE[1] + 0.02
            assert EYE_X[0] - 0.02 < (x_right + x_left) / 2 / SIZE[0] < EYE_X[1] + 0.02
            assert EYE_Y[0] - 0.02 < (y_right + y_left) / 2 / SIZE[1] < EYE_Y[1] + 0.02
            assert (clip.depth is None) == (file != 1)


def test_head_is_placed_by_its_eyes_and_turns_about_its_neck():
    rng = np.random.default_rng(2)
    head = build_head(draw_identity(rng), rng, 0.0)
    turned = Pose(0.2, 0.1, 0.05, 0, 0, 0)
    placement = place_eyes(head, turned, (100.0, 120.0), 50.0)
    eyes = project(head.eye_points, turned, placement)
    assert eyes.mean(axis=0) == pytest.approx([100.0, 120.0])
    assert np.abs(eyes[1] - eyes[0]).max() == pytest.approx(50.0)
    nose = np.array([[0.0, 0.75, head.nose_tip]])
    shift = project(nose, turned, Placement(0, 0, 1)) - project(nose, REST, Placement(0, 0, 1))
    assert shift[0, 0] > 0.1  # a positive yaw turns the nose to the image's right


def test_sensor_noise_is_shot_noise():
    flat = np.full((200, 200, 3), 0.2, np.float32)
    capture = draw_capture(PHONES[1], np.random.default_rng(0))

    def noise(level):
        camera = Camera(capture, np.ones(3), level, np.random.default_rng(1))
        return (camera.take(flat).astype(float) - camera.take(flat)).std()

    # A quarter of the light doubles the shot noise; the rest of the chain keeps the ratio roughly.
    assert 1.5 < noise(0.2) / noise(0.8) < 2.8


def test_capture_is_the_phones_own():
    rng = np.random.default_rng(0)
    for phone in PHONES.values():
        drawn = [draw_capture(phone, rng) for _ in range(20)]
        assert all(phone.jpeg[0] <= capture.jpeg < phone.jpeg[1] for capture in drawn)
        assert min(capture.blur for capture in drawn) >= phone.lens


def test_clip_that_cannot_fit_is_an_error():
    noise = np.random.default_rng(0).integers(0, 256, (64, 48, 3), np.uint8)
    total = clip_bytes(26000, 2, (64, 48))
    assert len(encode_clip([noise, noise], 90, total)) == total
    with pytest.raises(DataError, match="does not fit"):
        encode_clip([noise, noise], 90, 4500)
