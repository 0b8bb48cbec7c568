"""Videos of every kind and with every damage, made on the spot, and what reading them must give."""

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
_KINDS = {"ogv": "ogg", "mts": "mpegts", "m2ts": "mpegts", "m4v": "mp4", "y4m": "yuv4mpegpipe"}
# What some codecs need: a size, or to be told that the pictures are to be small.
_SIZES = {"rv10": (176, 144), "rv20": (176, 144), "dnxhd": (1280, 720)}
_OPTIONS = {
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
_DEFAULT_OPTIONS = {"g": "8", "b": "2M"}
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
        "kind": _KINDS.get(suffix),
        "size": _SIZES.get(codec, (160, 120)),
        "options": dict(_OPTIONS.get(codec, _DEFAULT_OPTIONS)),
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
_TURNS = {
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
    (a, b, c, d), store = _TURNS[turn]
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
        for turn in _TURNS:
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


def high_range(path, codec, pixels, transfer, image=picture):
    """Write HDR video of an ordinary picture."""
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

    encoded(path, codec, pixels, frame=frame, prepare=prepare)


def hdr_cases():
    for kind in (
        "mp4/libx265",
        "mov/libx265",
        "mkv/libx264",
        "mp4/libvpx-vp9",
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


def remuxed(source, path, keep=lambda packet: True, options=None, kind=None):
    """Copy a video's packets into another container, without those that are not to be kept."""
    with (
        av.open(str(source)) as before,
        av.open(str(path), "w", format=kind, container_options=options or {}) as after,
    ):
        stream = before.streams.video[0]
        copy = after.add_stream_from_template(stream)
        for number, packet in enumerate(before.demux(stream)):
            if packet.dts is not None and keep(packet, number):
                packet.stream = copy
                after.mux(packet)


def joined(path, codec, *, parts=3, **changes):
    """Write videos and put them into one file behind each other, as `cat` does."""
    with path.open("wb") as whole:
        for part in range(parts):
            piece = path.with_name(f"piece{part}{path.suffix}")
            own = {key: value[part] for key, value in changes.items()}
            encoded(piece, codec, "yuv420p", first=part * FRAMES, **own)
            whole.write(piece.read_bytes())
            piece.unlink()


def joined_cases():
    kinds = (
        "ts/libx264 ts/mpeg2video mts/libx264 m2ts/libx264 mpg/mpeg2video mpg/mpeg1video "
        "vob/mpeg2video webm/libvpx webm/libvpx-vp9 mkv/libx264 mkv/libsvtav1 mp4/libx264 "
        "mov/mpeg4 avi/mpeg4 avi/mjpeg flv/flv flv/libx264 ogv/libvpx wmv/wmv2 h264/libx264 "
        "m2v/mpeg2video hevc/libx265 mxf/mpeg2video"
    )
    sizes = {"size": [(160, 120), (320, 240), (96, 160)]}
    for kind in kinds.split():
        suffix, codec = kind.split("/")
        for name, changes in (("joined", {}), ("joined-sizes", sizes)):
            if codec == "mjpeg":
                continue
            yield Case(
                f"{name}-{codec}.{suffix}",
                lambda path, codec=codec, changes=changes: joined(path, codec, **changes),
                frames=tuple(range(3 * FRAMES)),
            )
    for name, pids in (("other-pid", (256, 300)), ("same-pid", (256, 256))):
        yield Case(
            f"joined-{name}.ts",
            lambda path, pids=pids: joined(
                path,
                "libx264",
                parts=2,
                container_options=[{"mpegts_start_pid": str(pid)} for pid in pids],
            ),
            frames=tuple(range(2 * FRAMES)),
        )


def fragmented(path, options, parts=1):
    joined(path, "libx264", parts=parts, container_options=[options] * parts)


def fragmented_cases():
    kinds = {
        "pieces": "frag_keyframe+empty_moov",
        "pieces-default-base": "frag_keyframe+empty_moov+default_base_moof",
        "pieces-index": "frag_keyframe+empty_moov+default_base_moof+global_sidx",
        "pieces-dash": "dash+frag_keyframe+empty_moov",
        "pieces-cmaf": "cmaf+frag_keyframe+empty_moov",
        "pieces-delayed": "frag_keyframe+delay_moov",
        "pieces-own-moov": "frag_keyframe",
        "index-first": "faststart",
        "index-hybrid": "frag_keyframe+hybrid_fragmented",
    }
    for name, flags in kinds.items():
        for parts in (1, 2):
            yield Case(
                f"{name}-{parts}.mp4",
                lambda path, flags=flags, parts=parts: fragmented(path, {"movflags": flags}, parts),
                frames=tuple(range(parts * FRAMES)),
            )


def trimmed(path, codec, first, last, gop="8"):
    """Copy a part of a video without encoding it anew; the times go on as they were."""
    source = path.with_name(f"source-{path.name}.mkv")
    options = dict(_OPTIONS.get(codec, _DEFAULT_OPTIONS), g=gop, bf="0", sc_threshold="0")
    encoded(source, codec, "yuv420p", options=options)
    remuxed(source, path, lambda packet, number: first <= number < last)
    source.unlink()


def sparse(path, codec, left_out):
    """Write a video of which some frames were dropped while it was recorded."""
    numbers = [number for number in range(FRAMES) if number not in left_out]

    def frame(index):
        made = av.VideoFrame.from_ndarray(picture(numbers[index]), "rgb24")
        made.pts, made.time_base = numbers[index], Fraction(1, 30)
        return made

    encoded(path, codec, "yuv420p", count=len(numbers), frame=frame)


def with_sound(path, codec, seconds):
    """Write a video beside a sound of another length."""
    suffix = path.suffix[1:]
    with av.open(str(path), "w", format=_KINDS.get(suffix)) as file:
        options = dict(_OPTIONS.get(codec, _DEFAULT_OPTIONS))
        stream = file.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        name = {"webm": "libopus", "mkv": "aac", "mpg": "mp2", "avi": "libmp3lame"}.get(
            suffix, "aac"
        )
        sound = file.add_stream(name, rate=48000)
        sound.layout = "stereo"
        for number in range(FRAMES):
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture(number), "rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
        kind = sound.codec_context.format.name
        for block in range(int(seconds * 48000 / 960)):
            shape = (2, 960) if kind.endswith("p") else (1, 1920)
            noise = np.random.default_rng(block).integers(-99, 99, shape)
            kinds = {
                "s16": np.int16,
                "s16p": np.int16,
                "s32p": np.int32,
                "flt": np.float32,
                "fltp": np.float32,
            }
            made = av.AudioFrame.from_ndarray(noise.astype(kinds[kind]), kind, "stereo")
            made.rate, made.pts, made.time_base = 48000, block * 960, Fraction(1, 48000)
            for packet in sound.encode(made):
                file.mux(packet)
        for packet in sound.encode():
            file.mux(packet)


def unharmed_cases():
    """What looks unusual, and has nothing missing."""
    for suffix in ("mp4", "mkv", "mov", "ts", "flv", "nut"):
        codec = {"ts": "mpeg2video", "flv": "libx264"}.get(suffix, "mpeg4")
        yield Case(
            f"trimmed-end-{codec}.{suffix}",
            lambda path, codec=codec: trimmed(path, codec, 0, 16),
            frames=tuple(range(16)),
        )
        yield Case(
            f"trimmed-start-{codec}.{suffix}",
            lambda path, codec=codec: trimmed(path, codec, 8, FRAMES),
            frames=tuple(range(8, FRAMES)),
        )
    for suffix, codec in (
        ("avi", "mpeg4"),
        ("mp4", "libx264"),
        ("mkv", "libx264"),
        ("flv", "flv"),
        ("webm", "libvpx"),
        ("ts", "libx264"),
        ("avi", "libx264"),
        ("mov", "mpeg4"),
        ("wmv", "wmv2"),
    ):
        yield Case(
            f"dropped-{codec}.{suffix}",
            lambda path, codec=codec: sparse(path, codec, (5, 6, 7, 13)),
            frames=tuple(n for n in range(FRAMES) if n not in (5, 6, 7, 13)),
        )
    for suffix, codec in (
        ("mp4", "libx264"),
        ("mkv", "libx264"),
        ("webm", "libvpx"),
        ("ts", "libx264"),
        ("mpg", "mpeg2video"),
        ("avi", "mpeg4"),
        ("mov", "libx264"),
        ("flv", "libx264"),
        ("m2ts", "libx264"),
    ):
        for seconds in (0.3, 4):
            yield Case(
                f"sound-{seconds}-{codec}.{suffix}",
                lambda path, codec=codec, seconds=seconds: with_sound(path, codec, seconds),
            )
    for name in (
        "-dash",
        " space",
        "http:x",
        "concat:a|b",
        "%d",
        "a*?[b]",
        "pipe:1",
        "subfile,,x",
        "ümläut",
        "data:text,x",
        "new\nline",
        "file:x",
        "~",
        "#x",
        "'q\"",
        "cache:x",
    ):
        yield Case(f"{name}.mp4", lambda path: encoded(path, "libx264", "yuv420p"))
    yield Case("no ending", lambda path: encoded(path, "libx264", "yuv420p", kind="matroska"))
    yield Case("wrong.avi", lambda path: encoded(path, "libx264", "yuv420p", kind="mp4"))
    yield Case("wrong.jpg.mp4", lambda path: encoded(path, "libvpx", "yuv420p", kind="webm"))
    for suffix, codec in (
        ("mp4", "libx264"),
        ("avi", "mpeg4"),
        ("mkv", "libx264"),
        ("webm", "libvpx"),
        ("mov", "mpeg4"),
    ):
        yield Case(
            f"padded-{codec}.{suffix}",
            lambda path, codec=codec: _padded(path, codec),
        )


def _padded(path, codec):
    encoded(path, codec, "yuv420p")
    with path.open("ab") as file:
        file.write(bytes(188 * 20))


def _spoil(path, codec, change):
    """Write a video with a picture that fills it with data, and change its bytes."""
    noise = np.random.default_rng(0)

    def frame(number):
        image = picture(number, 320, 240).astype(int) + noise.integers(-12, 12, (240, 320, 3))
        return av.VideoFrame.from_ndarray(np.clip(image, 0, 255).astype(np.uint8), "rgb24")

    options = {"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else {}
    if path.suffix == ".m2ts":
        options = {"mpegts_m2ts_mode": "1"}
    encoded(
        path,
        codec,
        "yuv420p" if codec != "mjpeg" else "yuvj420p",
        size=(320, 240),
        frame=frame,
        container_options=options,
        options=dict(_OPTIONS.get(codec, _DEFAULT_OPTIONS), b="4M"),
    )
    path.write_bytes(change(bytearray(path.read_bytes())))


def _cut(share):
    return lambda content: content[: int(len(content) * share) | 1]


def _zeros(content, share=0.5, length=1500):
    place = int(len(content) * share)
    content[place : place + length] = bytes(length)
    return content


def _noise(content):
    place = len(content) // 2
    content[place : place + 2000] = np.random.default_rng(1).bytes(2000)
    return content


def _flips(content):
    random = np.random.default_rng(2)
    for place in random.integers(len(content) // 4, len(content) * 9 // 10, 12):
        content[place] ^= 1 << int(random.integers(8))
    return content


def _lost(content):
    place = len(content) // 2
    return content[: place - 700] + content[place + 800 :]


DAMAGES = {
    "cut-30": _cut(0.3),
    "cut-60": _cut(0.6),
    "cut-97": _cut(0.97),
    "zeros": _zeros,
    "zeros-early": lambda content: _zeros(content, 0.2, 5000),
    "noise": _noise,
    "flips": _flips,
    "lost": _lost,
    "no-head": lambda content: bytearray(64) + content[64:],
    "half-head": lambda content: content[:40],
}
# Codecs without anything to check their data by.
_UNCHECKED = {
    "libvpx",
    "libvpx-vp9",
    "mjpeg",
    "rawvideo",
    "wmv2",
    "flv",
    "mpeg4",
    "mpeg2video",
    "libx265",
    "ffv1",
}


def damaged_cases():
    kinds = (
        "mp4/libx264 mov/mpeg4 mp4/libx265 mp4/mjpeg mkv/libx264 webm/libvpx webm/libvpx-vp9 "
        "mkv/ffv1 avi/mpeg4 avi/mjpeg ts/libx264 m2ts/libx264 ts/mpeg2video mpg/mpeg2video "
        "vob/mpeg2video flv/flv flv/libx264 wmv/wmv2 ogv/libvpx 3gp/mpeg4 mxf/mpeg2video"
    )
    for kind in kinds.split():
        suffix, codec = kind.split("/")
        for name, change in DAMAGES.items():
            yield Case(
                f"{name}-{codec}.{suffix}",
                lambda path, codec=codec, change=change: _spoil(path, codec, change),
                is_sound=False,
                is_silent=name in ("flips", "noise", "zeros", "zeros-early", "lost", "no-head")
                and codec in _UNCHECKED,
            )


def all_cases():
    for cases in (
        sound_cases,
        turned_cases,
        coloured_cases,
        hdr_cases,
        stretched_cases,
        interlaced_cases,
        joined_cases,
        fragmented_cases,
        unharmed_cases,
        damaged_cases,
    ):
        yield from cases()
