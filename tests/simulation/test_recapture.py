"""Printed, displayed and photographed pictures: structure, colours, and where the eyes are."""

import numpy as np
import pytest

from despoof_keras.simulation.displays import DENSE_STRIPES, Display
from despoof_keras.simulation.draws import CELLS, PITCH, draw_display, draw_phone, draw_printer
from despoof_keras.simulation.printing import PRINTERS, print_sheet
from despoof_keras.simulation.recapture import photograph, show_again, show_clip

SIZE = 160
EYES = np.array([[60.0, 70.0], [100.0, 74.0]])
SEEDS = range(6)


def flat(value):
    return np.full((SIZE, SIZE, 3), value, np.uint8)


def marked():
    """A grey picture with a white dot at each eye."""
    picture = flat(60)
    row, column = np.mgrid[:SIZE, :SIZE]
    for x, y in EYES:
        picture[np.hypot(column - x, row - y) < 4] = 255
    return picture


def dots_of(picture):
    """Middles of the two dots, from left to right, in the halves of a picture."""
    grey = picture.astype(float).mean(axis=2)
    found = []
    for half in (np.s_[:, :80], np.s_[:, 80:]):
        part = grey[half]
        weight = np.clip(part - np.quantile(part, 0.995), 0, None)
        row, column = np.mgrid[: part.shape[0], : part.shape[1]]
        found.append([(weight * column).sum() / weight.sum(), (weight * row).sum() / weight.sum()])
    return np.add(found, [[0, 0], [80, 0]])


def strength(picture, pitch):
    """The strongest structure of this pitch along the rows in a picture.

    A mosaic samples red and blue at every second pixel, so that it may appear folded at half of
    that frequency.
    """
    grey = picture[32:128, 32:128].astype(float).mean(axis=2)
    window = np.hanning(96)
    spectrum = np.abs(np.fft.rfft2((grey - grey.mean()) * window[:, None] * window))
    rows = np.r_[-2:3]
    places = [round(96 / pitch), round(96 * abs(0.5 - 1 / pitch))]
    return max(spectrum[rows][:, place - 1 : place + 2].max() for place in places)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("draw", [draw_printer, draw_display])
def test_the_eyes_are_where_they_are_said_to_be(draw, seed):
    rng = np.random.default_rng(seed)
    picture, eyes = show_again(marked(), EYES, draw(rng), rng)
    assert picture.shape == (SIZE, SIZE, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_allclose(dots_of(picture), eyes, atol=1.5)
    # The medium is held so that the face stays where it was, give or take a turn.
    np.testing.assert_allclose(eyes.mean(axis=0), EYES.mean(axis=0), atol=1)


@pytest.mark.parametrize("pitch", [2.5, 3.5])
def test_a_display_shows_the_structure_of_its_pixels_and_a_wall_does_not(pitch):
    display = Display(
        pitch=(pitch, pitch + 1e-6),
        cells=((*DENSE_STRIPES[0], (0, 0, 0)),),
        mixing=tuple(map(tuple, np.eye(3))),
        white=(6500, 6501),
        gamma=(2.2, 2.21),
        black=(0.0, 1e-6),
        reflectance=(0.0, 1e-6),
        glare=(0.0, 1e-6),
    )
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        shown, _ = show_again(flat(200), EYES, display, rng)
        plain = photograph(flat(200), np.random.default_rng(seed))
        assert strength(shown, pitch) > 3 * strength(plain, pitch)


def test_a_turned_screen_covers_as_much_as_the_one_that_is_equalised():
    """Dots by a formula have the sizes of those whose thresholds are sorted."""
    usual = PRINTERS[2]
    for value in (40, 128, 220):
        picture = flat(value)
        sheets = [
            print_sheet(printer, picture, (80, 80), np.random.default_rng(1))
            for printer in (usual, type(usual)(**{**vars(usual), "turn": 7.0}))
        ]
        assert sheets[1].mean() == pytest.approx(sheets[0].mean(), rel=0.1)


def test_a_print_has_fewer_colours_than_what_it_was_made_of():
    colours = np.zeros((SIZE, SIZE, 3), np.uint8)
    colours[:80, :, 0], colours[80:, :, 2] = 255, 255  # pure red over pure blue
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        printer = draw_printer(rng)
        sheet = print_sheet(printer, colours, (SIZE, SIZE), rng)
        blue = sheet[200:300, 20:300].mean(axis=(0, 1))
        # No inks let all blue through, and blue alone.
        assert blue[2] < 0.8
        assert max(blue[:2]) > 0.005


def test_draws_differ_and_stay_in_their_ranges():
    rng = np.random.default_rng(0)
    printers = [draw_printer(rng) for _ in range(50)]
    displays = [draw_display(rng) for _ in range(50)]
    phones = [draw_phone(rng) for _ in range(50)]
    for pitches in ([p.pitch for p in printers], [d.pitch[0] for d in displays]):
        assert PITCH[0] <= min(pitches) < 1.2 < 2.2 < max(pitches) <= PITCH[1]
        assert len(set(pitches)) == 50
    assert {display.cells for display in displays} == set(CELLS)
    assert len({phone.bayer for phone in phones}) == 4
    for display in displays:
        np.testing.assert_allclose(np.sum(display.mixing, axis=1), 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("draw", [draw_printer, draw_display])
def test_a_border_leaves_the_face_and_its_eyes_and_covers_the_rest(draw, seed):
    size = 320
    row, column = np.mgrid[:size, :size]
    eyes = np.array([[140.0, 140.0], [180.0, 140.0]])
    # Stripes far from the face: where they are gone, something else is in front.
    picture = np.full((size, size, 3), 60, np.uint8)
    far = np.hypot(column - 160, row - 150) > 70
    picture[far & (column // 4 % 2 == 0)] = 200
    shown = {}
    for border in (False, True):
        rng = np.random.default_rng(seed)
        shown[border] = show_again(picture, eyes, draw(rng), rng, border)
    np.testing.assert_allclose(shown[True][1], shown[False][1])
    frames = {name: made[0].astype(float).mean(axis=2) for name, made in shown.items()}
    middle = np.s_[130:180, 145:175]
    for frame in frames.values():
        assert frame[middle].std() < 0.5 * frame.std()
    edge = np.s_[20:300, 4:8], np.s_[20:300, -8:-4], np.s_[4:8, 20:300], np.s_[-8:-4, 20:300]
    changed = [np.abs(frames[True][side] - frames[False][side]).mean() for side in edge]
    assert max(changed) > 5


def test_a_clip_begins_with_what_its_first_picture_alone_becomes():
    pictures = [marked(), np.roll(marked(), 8, axis=1), marked()]
    eyes = np.stack([EYES, EYES + np.array([8, 0]), EYES])
    for draw in (draw_printer, draw_display):
        rng = np.random.default_rng(4)
        medium = draw(rng)
        clip = list(show_clip(zip(pictures, eyes, strict=True), 3, medium, rng))
        for frame, places in clip:
            np.testing.assert_allclose(dots_of(frame), places, atol=1.5)
        moved = clip[1][1] - clip[0][1]
        # A display shows the moved picture; a sheet of paper goes on showing the first.
        assert abs(moved[:, 0].mean() - (8 if draw is draw_display else 0)) < 3
