"""Sound videos of every kind, made on the spot, and what reading them must give."""

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from video_files import CARD, colours_of, number_of, picture, write_video

FRAMES = 24
# Codecs of each kind of file, with a pixel format. All of these come with PyAV.
SOUND = {
    "mp4": "libx264/yuv420p libx265/yuv420p mpeg4/yuv420p libsvtav1/yuv420p libvpx-vp9/yuv420p "
    "mjpeg/yuvj420p libx264/yuv422p libx264/yuv444p libx264/gray libx264/yuv420p10le "
    "libx265/yuv420p10le libx264rgb/rgb24",
    "mov": "libx264/yuv420p prores_ks/yuv422p10le prores_ks/yuva444p10le mjpeg/yuvj422p "
    "qtrle/rgb24 png/rgb24 rawvideo/uyvy422 dnxhd/yuv422p",
    "m4v": "libx264/yuv420p",
    "mkv": "libx264/yuv420p libx265/yuv420p libvpx/yuv420p libvpx-vp9/yuv420p libsvtav1/yuv420p "
    "ffv1/yuv420p ffv1/bgr0 ffv1/gray16le mpeg2video/yuv420p mjpeg/yuvj444p libx264/yuv420p10le "
    "rawvideo/yuv420p libvpx-vp9/yuv444p libsvtav1/yuv420p10le",
    "webm": "libvpx/yuv420p libvpx-vp9/yuv420p libsvtav1/yuv420p libvpx-vp9/yuva420p",
    "avi": "mpeg4/yuv420p mjpeg/yuvj420p mjpeg/yuvj444p libx264/yuv420p ffv1/yuv422p "
    "huffyuv/yuv422p rawvideo/bgr24 rawvideo/yuv420p msmpeg4/yuv420p msmpeg4v2/yuv420p png/rgb24 "
    "utvideo/yuv420p cinepak/rgb24 mpeg2video/yuv420p rawvideo/gray",
    "ts": "libx264/yuv420p libx265/yuv420p mpeg2video/yuv420p mpeg1video/yuv420p mpeg4/yuv420p",
    "mts": "libx264/yuv420p",
    "m2ts": "libx264/yuv420p mpeg2video/yuv420p",
    "mpg": "mpeg1video/yuv420p mpeg2video/yuv420p",
    "vob": "mpeg2video/yuv420p mpeg1video/yuv420p",
    "flv": "flv/yuv420p libx264/yuv420p",
    "wmv": "wmv1/yuv420p wmv2/yuv420p",
    "asf": "msmpeg4/yuv420p mpeg4/yuv420p",
    "ogv": "libvpx/yuv420p",
    "3gp": "libx264/yuv420p mpeg4/yuv420p",
    "3g2": "libx264/yuv420p mpeg4/yuv420p",
    "mxf": "mpeg2video/yuv422p mpeg2video/yuv420p dnxhd/yuv422p",
    "nut": "libx264/yuv420p ffv1/yuv444p",
    "ivf": "libvpx/yuv420p libvpx-vp9/yuv420p libsvtav1/yuv420p",
    "h264": "libx264/yuv420p",
    "hevc": "libx265/yuv420p",
    "m2v": "mpeg2video/yuv420p",
    "y4m": "wrapped_avframe/yuv420p",
    "rm": "rv10/yuv420p rv20/yuv420p",
    "wtv": "mpeg2video/yuv420p",
}
KINDS = {"ogv": "ogg", "mts": "mpegts", "m2ts": "mpegts", "m4v": "mp4", "y4m": "yuv4mpegpipe"}
# What some codecs need: a size, or to be told that the pictures are to be small.
_SIZES = {"rv10": (176, 144), "rv20": (176, 144), "dnxhd": (1280, 720)}
OPTIONS = {
    "libx264": {"preset": "veryfast", "g": "8"},
    "libx264rgb": {"preset": "veryfast", "g": "8"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none:keyint=8:crf=12"},
    "libsvtav1": {"preset": "12", "g": "8", "crf": "8", "svtav1-params": "lp=1"},
    "libvpx": {"g": "8", "deadline": "realtime", "cpu-used": "8", "b": "800k"},
    "libvpx-vp9": {"g": "8", "deadline": "realtime", "cpu-used": "8", "b": "800k"},
    "mpeg4": {"g": "8", "qscale": "2", "flags": "+qscale"},
    "mpeg1video": {"g": "8", "b": "2M"},
    "dnxhd": {"b": "90M", "profile": "dnxhd"},
}
DEFAULT_OPTIONS = {"g": "8", "b": "2M"}
# Steps of 255 by which the card's colours may differ: few for most, more for the old codecs.
TOLERANCE = 14
_TOLERANCES = {"cinepak": 40, "gray": None, "gray16le": None}


@dataclasses.dataclass(frozen=True)
class Case:
    """A video file, and what is to come of it.

    Attributes:
        name: says what it is; its last part is the file's.
        make: writes it to a path.
        is_sound: whether all frames must come, without a word about damage.
        is_silent: whether damage of this kind may pass unseen, because the picture's data carry
            nothing to check them by.
        frames: numbers that the frames carry.
        tolerance: of the colours; None for grey pictures, which have no card.
        note: what must be said of it.
    """

    name: str
    make: Callable[[Path], None]
    is_sound: bool = True
    is_silent: bool = False
    frames: tuple[int, ...] = tuple(range(FRAMES))
    tolerance: int | None = TOLERANCE
    note: str = ""


def encoded(path, codec, pixels, **changes):
    """Write a video of `FRAMES` frames with what its codec needs."""
    suffix = Path(path).suffix[1:]
    settings = {
        "kind": KINDS.get(suffix),
        "size": _SIZES.get(codec, (160, 120)),
        "options": dict(OPTIONS.get(codec, DEFAULT_OPTIONS)),
        "pixels": pixels,
    }
    if suffix == "m2ts":
        settings["container_options"] = {"mpegts_m2ts_mode": "1"}
    if codec == "dnxhd":  # whose colours are always those of BT.709
        settings["frame"] = lambda number: av.VideoFrame.from_ndarray(
            picture(number, *_SIZES["dnxhd"]), "rgb24"
        ).reformat(format=pixels, dst_colorspace=_SWS["bt709"])
    write_video(path, codec=codec, **{"count": FRAMES} | settings | changes)


def judge(case: Case, frames, note, error) -> str:
    """Name the outcome of reading a case: `right`, `remark`, `refused`, or what was wrong."""
    if error is not None:
        return "wrong: refused" if case.is_sound else "refused"
    numbers = [number_of(image) for _, image in frames]
    is_incomplete = "incomplete" in (note or "")
    if case.note and case.note not in (note or ""):
        return f"wrong: no note {case.note!r}"
    if case.is_sound:
        if is_incomplete:
            return f"wrong: {note}"
        if tuple(numbers) != case.frames:
            return f"wrong: {len(numbers)} frames, numbered {numbers[:40]}"
    elif not is_incomplete and tuple(numbers) != case.frames:
        if case.is_silent and len(numbers) == len(case.frames):
            return "silent"
        return f"wrong: without a word {len(numbers)} frames, numbered {numbers[:40]}"
    elif is_incomplete and not case.is_silent:
        good = [number for number in numbers if number in case.frames]
        if good != numbers or numbers != sorted(numbers):
            return f"wrong: frames of damaged data, numbered {numbers[:40]}"
    if case.tolerance is not None and not (case.is_silent and not case.is_sound):
        for number, image in frames:
            furthest = np.abs(colours_of(image) - CARD).max()
            if furthest > case.tolerance:
                return f"wrong: colours differ by {furthest:.0f} in frame {number}"
    return "remark" if note else "right"


def sound_cases():
    for suffix, codecs in SOUND.items():
        for text in codecs.split():
            codec, pixels = text.split("/")
            tolerance = _TOLERANCES.get(codec, _TOLERANCES.get(pixels, TOLERANCE))
            yield Case(
                f"{codec}-{pixels}.{suffix}",
                lambda path, codec=codec, pixels=pixels: encoded(path, codec, pixels),
                tolerance=tolerance,
            )


# Display matrices `a, b, c, d`, and how a picture is stored that they make upright.
TURNS = {
    "0": ((1, 0, 0, 1), lambda image: image),
    "90": ((0, 1, -1, 0), lambda image: np.rot90(image, 1)),
    "180": ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    "270": ((0, -1, 1, 0), lambda image: np.rot90(image, 3)),
    "mirrored": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "mirrored-180": ((1, 0, 0, -1), lambda image: image[::-1]),
    "mirrored-90": ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
    "mirrored-270": ((0, -1, -1, 0), lambda image: image[::-1, ::-1].transpose(1, 0, 2)),
}


def turned(path, codec, pixels, turn):
    """Write a video whose pictures lie as a telephone's sensor does, with the turn beside them."""
    (a, b, c, d), store = TURNS[turn]
    one, unit = 1 << 16, 1 << 30

    def frame(number):
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(store(picture(number))), "rgb24")

    stored = store(picture(0)).shape
    matrix = [a * one, b * one, 0, c * one, d * one, 0, 0, 0, unit]
    encoded(
        path,
        codec,
        pixels,
        size=(stored[1], stored[0]),
        frame=frame,
        prepare=lambda stream: stream.set_display_matrix(matrix),
    )


def turned_cases():
    kinds = (
        "mp4/libx264",
        "mov/mpeg4",
        "mkv/libx264",
        "mp4/libx265",
        "3gp/mpeg4",
        "mp4/libvpx-vp9",
    )
    for kind in kinds:
        suffix, codec = kind.split("/")
        for turn in TURNS:
            yield Case(
                f"turned-{turn}-{codec}.{suffix}",
                lambda path, codec=codec, turn=turn: turned(path, codec, "yuv420p", turn),
            )


# Numbers of ITU-T H.273: matrix, and swscale's name for it.
_MATRICES = {"bt601": 6, "bt709": 1, "bt2020": 9, "fcc": 4, "smpte240m": 7}
_SWS = {"bt601": 5, "bt709": 1, "bt2020": 9, "fcc": 4, "smpte240m": 7}
_LIMITED, _FULL = 1, 2


def coloured(path, codec, pixels, matrix, levels):
    """Write a video whose colours are made by a matrix, over limited or full range, and say so."""

    def frame(number):
        made = av.VideoFrame.from_ndarray(picture(number), "rgb24").reformat(
            format=pixels,
            dst_colorspace=_SWS[matrix],
            src_color_range=_FULL,
            dst_color_range=levels,
        )
        made.colorspace, made.color_range = _MATRICES[matrix], levels
        return made

    def prepare(stream):
        stream.codec_context.colorspace = _MATRICES[matrix]
        stream.codec_context.color_range = levels

    encoded(path, codec, pixels, frame=frame, prepare=prepare)


def coloured_cases():
    for kind in (
        "mp4/libx264/yuv420p",
        "mkv/libvpx-vp9/yuv420p",
        "mov/libx265/yuv420p10le",
        "mp4/libsvtav1/yuv420p",
        "ts/libx264/yuv420p",
    ):
        suffix, codec, pixels = kind.split("/")
        for matrix in _MATRICES:
            for levels in (_LIMITED, _FULL):
                if codec == "libvpx-vp9" and matrix == "fcc":
                    continue  # VP9 has no number for it
                yield Case(
                    f"{matrix}-{'full' if levels == _FULL else 'limited'}-{codec}.{suffix}",
                    lambda path, codec=codec, pixels=pixels, matrix=matrix, levels=levels: coloured(
                        path, codec, pixels, matrix, levels
                    ),
                )


_WHITE = 203
_FROM_BT709 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
)


def hdr_signal(image, transfer):
    """An ordinary picture as HDR shows it, with its white at 203 cd/m2: RGB uint16."""
    light = (image / 255) ** 2.4 * _WHITE @ _FROM_BT709.T
    if transfer == "PQ":
        power = (light / 10_000) ** 0.1593017578125
        signal = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        share = light / 1000
        brightness = share @ [0.2627, 0.6780, 0.0593]
        scene = share * np.where(brightness > 0, brightness, 1)[..., None] ** (1 / 1.2 - 1)
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        with np.errstate(invalid="ignore"):
            bright = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
        signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)
    return np.rint(np.clip(signal, 0, 1) * 65535).astype(np.uint16)


def high_range(path, codec, pixels, transfer, image=picture, **changes):
    """Write HDR video of an ordinary picture; `changes` as for `encoded`."""
    number_of_transfer = {"PQ": 16, "HLG": 18}[transfer]

    def frame(number):
        made = av.VideoFrame.from_ndarray(hdr_signal(image(number), transfer), "rgb48le").reformat(
            format=pixels, dst_colorspace=_SWS["bt2020"]
        )
        made.colorspace, made.color_primaries = _MATRICES["bt2020"], 9
        made.color_trc = number_of_transfer
        return made

    def prepare(stream):
        context = stream.codec_context
        context.colorspace, context.color_primaries = _MATRICES["bt2020"], 9
        context.color_trc, context.color_range = number_of_transfer, _LIMITED

    encoded(path, codec, pixels, frame=frame, prepare=prepare, **changes)


def hdr_cases():
    for kind in (
        "mp4/libx265",
        "mov/libx265",
        "mkv/libx264",
        "mp4/libsvtav1",
        "ts/libx265",
    ):
        suffix, codec = kind.split("/")
        for transfer in ("PQ", "HLG"):
            yield Case(
                f"{transfer}-{codec}.{suffix}",
                lambda path, codec=codec, transfer=transfer: high_range(
                    path, codec, "yuv420p10le", transfer
                ),
                note=f"HDR ({transfer}), tone-mapped",
            )


def stretched(path, codec, aspect):
    """Write a video whose pixels are not square, of a picture that is 160 x 120 when shown."""
    size = (int(160 / aspect), 120) if aspect > 1 else (160, int(120 * aspect))

    def prepare(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    encoded(path, codec, "yuv420p", size=size, prepare=prepare)


def stretched_cases():
    for kind in ("mp4/libx264", "mkv/libvpx", "mpg/mpeg2video", "avi/mpeg4", "ts/libx264"):
        suffix, codec = kind.split("/")
        for aspect in (Fraction(2), Fraction(4, 3), Fraction(1, 2)):
            if codec == "mpeg2video" and aspect == Fraction(1, 2):
                continue  # has no number for it
            yield Case(
                f"aspect-{aspect.numerator}-{aspect.denominator}-{codec}.{suffix}",
                lambda path, codec=codec, aspect=aspect: stretched(path, codec, aspect),
            )


def interlaced(path, codec, bottom_first):
    """Write a video of which each frame holds two fields of the same still picture."""

    def prepare(stream):
        context = stream.codec_context
        context.flags |= 0x40000 | 0x20000000  # interlaced transform and motion search
        if codec == "libx264":
            context.options = context.options | {
                "x264-params": "bff=1" if bottom_first else "tff=1"
            }

    encoded(path, codec, "yuv420p", prepare=prepare, size=(160, 128))


def interlaced_cases():
    for kind in (
        "ts/libx264",
        "mp4/libx264",
        "mpg/mpeg2video",
        "ts/mpeg2video",
        "avi/mpeg4",
        "mkv/mpeg2video",
        "mts/libx264",
    ):
        suffix, codec = kind.split("/")
        yield Case(
            f"interlaced-{codec}.{suffix}",
            lambda path, codec=codec: interlaced(path, codec, False),
        )
