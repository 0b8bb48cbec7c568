"""Sound videos that were joined, cut in pieces, trimmed, recorded unevenly or named oddly."""

import os
from fractions import Fraction

import av
import numpy as np
from video_cases import DEFAULT_OPTIONS, FRAMES, KINDS, OPTIONS, Case, encoded
from video_files import picture


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
    options = dict(OPTIONS.get(codec, DEFAULT_OPTIONS), g=gop, bf="0", sc_threshold="0")
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
    with av.open(str(path), "w", format=KINDS.get(suffix)) as file:
        options = dict(OPTIONS.get(codec, DEFAULT_OPTIONS))
        stream = file.add_stream(codec, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.thread_count = 1
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


# Some of them are addresses, patterns or options to FFmpeg; one is not valid UTF-8.
ODD_NAMES = (
    *("-dash", " space", "http:x", "concat:a|b", "%d", "a*?[b]", "pipe:1", "subfile,,x", "ümläut"),
    *("data:text,x", "new\nline", "file:x", "~", "#x", "'q\"", "cache:x", os.fsdecode(b"\xff\xfe")),
)


def _named(path):
    plain = path.with_name("plain.mp4")
    encoded(plain, "libx264", "yuv420p")
    plain.rename(path)


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
    for name in ODD_NAMES:
        yield Case(f"{name}.mp4", _named)
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
