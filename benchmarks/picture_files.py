"""Some 500 generated picture files of known content, and what `read_image` makes of each.

    python benchmarks/picture_files.py

Formats, modes, depths, orientations, metadata and damage are combined. A file whose pixels are
sound must come back with the right values; a damaged one, or one that is no picture, must be
refused with a reason on one line. Anything else is a failure, and ends with exit code 1.

Takes ten seconds on two cores. Needs the extra `heif`.
"""

import collections
import io
import struct
import sys
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin
from pillow_heif import HeifFile, register_heif_opener

from despoof_keras.errors import MOST_MESSAGE, DataError
from despoof_keras.utils.pictures.images import read_image
from despoof_keras.utils.video.colours import TRANSFERS, tone_mapped

RIGHT, REFUSED = "read right", "refused with a reason"
HEIGHT, WIDTH = 64, 96
ORIENTATION = 0x0112
# Mean differences: of exact formats, of 16-bit values cut to 8, and of those that lose detail.
EXACT, ROUNDED, LOSSY = 0.0, 1.0, 6.0
EIGHTS = range(1, 9)


class Case(NamedTuple):
    """A file: its content, the picture that it must give (None: it must be refused)."""

    name: str
    content: bytes
    expected: np.ndarray | None
    tolerance: float = EXACT


def picture() -> np.ndarray:
    """`(HEIGHT, WIDTH, 3)` uint8: smooth, and different in every corner and channel."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([2 * x + 20, 3 * y + 30, x + 2 * y], axis=-1).astype(np.uint8)


RGB = picture()
GREY = np.asarray(Image.fromarray(RGB).convert("L"))
GREY_RGB = np.repeat(GREY[..., None], 3, axis=-1)


def saved(image, name, **options) -> bytes:
    buffer = io.BytesIO()
    if isinstance(image, np.ndarray):
        image = Image.fromarray(np.ascontiguousarray(image))
    image.save(buffer, name, **options)
    return buffer.getvalue()


def by_opencv(suffix, values, *options) -> bytes:
    return cv2.imencode(suffix, values, options)[1].tobytes()


def in_mode(mode):
    """Pillow's image of the picture in a mode, and the RGB values that it stands for."""
    image = Image.fromarray(RGB)
    if mode == "P":
        image = image.quantize(64)
        return image, np.asarray(image.convert("RGB"))
    if mode in ("RGBA", "LA"):
        image = image.convert(mode)
        image.putalpha(Image.fromarray(np.full((HEIGHT, WIDTH), 128, np.uint8)))
        return image, RGB if mode == "RGBA" else GREY_RGB
    image = image.convert(mode)
    return image, np.asarray(image.convert("RGB"))


def stored_for(orientation):
    """The picture's rows and columns as they are stored to be turned upright by this."""
    views = {
        1: RGB,
        2: RGB[:, ::-1],
        3: RGB[::-1, ::-1],
        4: RGB[::-1],
        5: RGB.swapaxes(0, 1),
        6: np.rot90(RGB, 1),
        7: RGB[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(RGB, -1),
    }
    return Image.fromarray(np.ascontiguousarray(views[orientation]))


def exif(orientation):
    block = Image.Exif()
    block[ORIENTATION] = orientation
    return block


def xmp(orientation):
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
        'syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        f'tiff:Orientation="{orientation}"/></rdf:RDF></x:xmpmeta>'
    ).encode()


def modes() -> Iterator[Case]:
    """Every mode that Pillow writes, in every format, and how it is compressed."""
    table = {
        "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"),
        "BMP": ("1", "L", "P", "RGB", "RGBA"),
        "GIF": ("1", "L", "P"),
        "TIFF": ("1", "L", "LA", "P", "RGB", "RGBA"),
        "TGA": ("1", "L", "LA", "P", "RGB", "RGBA"),
        "PCX": ("1", "L", "P", "RGB"),
        "SGI": ("L", "RGB", "RGBA"),
        "DDS": ("L", "LA", "RGB", "RGBA"),
        "QOI": ("RGB", "RGBA"),
        "ICO": ("L", "P", "RGB", "RGBA"),
        "PPM": ("1", "L", "RGB"),
    }
    for name, each in table.items():
        for mode in each:
            image, expected = in_mode(mode)
            options = {"sizes": [(WIDTH, HEIGHT)]} if name == "ICO" else {}
            yield Case(f"{name} {mode}", saved(image, name, **options), expected)
    for mode in ("L", "RGB", "CMYK", "YCbCr"):
        image, expected = in_mode(mode)
        for options in ({}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_rows": 1}):
            content = saved(image, "JPEG", quality=92, **options)
            yield Case(f"JPEG {mode} {options}", content, expected, LOSSY)
    for mode in ("L", "LA", "RGB", "RGBA"):
        image, expected = in_mode(mode)
        yield Case(f"JPEG 2000 {mode}", saved(image, "JPEG2000"), expected)
        yield Case(f"JPEG 2000 stream {mode}", saved(image, "JPEG2000", no_jp2=True), expected)
        yield Case(f"HEIF {mode}", saved(image, "HEIF", quality=90), expected, LOSSY)
        yield Case(f"AVIF {mode}", saved(image, "AVIF", quality=90), expected, LOSSY)
        rgba = image.convert("RGBA" if mode.endswith("A") else "RGB")
        yield Case(f"WebP {mode}", saved(rgba, "WEBP", quality=92), expected, LOSSY)
        lossless = saved(rgba, "WEBP", lossless=True, exact=True)
        yield Case(f"WebP lossless {mode}", lossless, expected)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "lzma", "zstd"):
        for mode in ("L", "RGB", "P"):
            image, expected = in_mode(mode)
            content = saved(image, "TIFF", compression=compression)
            yield Case(f"TIFF {mode} {compression}", content, expected)
    for mode, compression in (("1", "group3"), ("1", "group4"), ("RGB", "jpeg"), ("L", "jpeg")):
        image, expected = in_mode(mode)
        content = saved(image, "TIFF", compression=compression)
        yield Case(f"TIFF {mode} {compression}", content, expected, LOSSY)
    for mode in ("CMYK", "YCbCr"):
        image, expected = in_mode(mode)
        yield Case(f"TIFF {mode}", saved(image, "TIFF"), expected)
    yield Case("TIFF big", saved(RGB, "TIFF", big_tiff=True), RGB)
    yield Case("PNG interlaced", interlaced_png(RGB), RGB)
    for options in ({"compression": "tga_rle"}, {"orientation": 1}):
        yield Case(f"TGA {options}", saved(RGB, "TGA", **options), RGB)
    yield Case("TGA without its mark", saved(RGB, "TGA")[:-26], RGB)
    for name in ("MPO", "TIFF", "GIF", "PNG", "WEBP", "AVIF"):
        other = Image.fromarray(255 - RGB)
        content = saved(RGB, name, save_all=True, append_images=[other])
        yield Case(f"{name} of two pictures", content, RGB, 12.0)


def interlaced_png(values) -> bytes:
    """A PNG of seven passes (Adam7), each row with filter 0."""
    rows = []
    for y0, x0, dy, dx in (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ):
        rows += [b"\0" + row.tobytes() for row in values[y0::dy, x0::dx]]
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 1)
    return png(chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"".join(rows))))


def chunk(kind, body, is_sound=True) -> bytes:
    check = zlib.crc32(kind + body) ^ (0 if is_sound else 1)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png(*chunks) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


def depths() -> Iterator[Case]:
    """Samples of other than 8 bits: scaled to 8 or refused, never cut or taken for 8."""
    deep = GREY.astype(np.uint16) * 257
    deep_bgr = RGB[..., ::-1].astype(np.uint16) * 257
    yield Case("PNG grey 16", saved(deep, "PNG"), GREY_RGB)
    yield Case("TIFF grey 16", saved(deep, "TIFF"), GREY_RGB)
    yield Case("TIFF grey 16 LZW", saved(deep, "TIFF", compression="tiff_lzw"), GREY_RGB)
    yield Case("JPEG 2000 grey 16", saved(deep, "JPEG2000"), GREY_RGB)
    yield Case("PPM grey 16", saved(deep, "PPM"), GREY_RGB)
    for suffix in (".png", ".tiff", ".jp2", ".ppm"):
        yield Case(f"{suffix} colour 16", by_opencv(suffix, deep_bgr), RGB, ROUNDED)
    alpha = np.dstack([deep_bgr, np.full((HEIGHT, WIDTH), 30_000, np.uint16)])
    yield Case("PNG colour and alpha 16", by_opencv(".png", alpha), RGB, ROUNDED)
    for bits in (1, 2, 4):
        most = 2**bits - 1
        small = (GREY >> (8 - bits)).astype(np.uint8)
        expected = np.repeat(np.rint(small * (255 / most)).astype(np.uint8)[..., None], 3, axis=-1)
        packed = np.zeros((HEIGHT, WIDTH * bits // 8), np.uint8)
        for place in range(8 // bits):
            packed |= small[:, place :: 8 // bits] << (8 - bits * (place + 1))
        rows = b"".join(b"\0" + row.tobytes() for row in packed)
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, 0, 0, 0, 0)
        content = png(chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)))
        yield Case(f"PNG grey {bits}", content, expected)
    ten = [np.minimum(RGB.astype(np.uint16) * 257, 65535)]
    heif = HeifFile()
    heif.add_frombytes("RGB;16", (WIDTH, HEIGHT), ten[0].tobytes())
    buffer = io.BytesIO()
    heif.save(buffer, quality=90)
    yield Case("HEIF deep", buffer.getvalue(), RGB, LOSSY)
    for most in (100, 1023, 4095):
        values = np.rint(GREY * (most / 255)).astype(">u2" if most > 255 else np.uint8)
        content = f"P5\n# made by hand\n{WIDTH} {HEIGHT}\n{most}\n".encode() + values.tobytes()
        yield Case(f"PPM of 0 to {most}", content, GREY_RGB, 2.0)
    text = " ".join(map(str, RGB.ravel()))
    yield Case("PPM in digits", f"P3 {WIDTH} {HEIGHT} 255\n{text}\n".encode(), RGB)
    yield from deep_tiffs()


def hdr() -> Iterator[Case]:
    """Pictures whose values stand for the light of HDR displays."""
    for number, transfer in TRANSFERS.items():
        expected = tone_mapped(RGB.astype(np.uint16) * 257, transfer, 9)
        content = png(
            *(saved(RGB, "PNG")[8:33], chunk(b"cICP", bytes([9, number, 0, 1]))),
            saved(RGB, "PNG")[33:-12],
        )
        yield Case(f"PNG {transfer}", content, expected)
        for name in ("AVIF", "HEIF"):
            content = saved(RGB, name, quality=95)
            place = content.index(b"colrnclx") + 8
            colours = struct.pack(">HH", 9, number)
            content = content[:place] + colours + content[place + 4 :]
            yield Case(f"{name} {transfer}", content, expected, LOSSY)


def tiff(samples, bits, order="<", **tags) -> bytes:
    """A TIFF file of one strip: `samples` are its bytes, `tags` replace the usual ones."""
    values = {
        "ImageWidth": (256, 3, WIDTH),
        "ImageLength": (257, 3, HEIGHT),
        "BitsPerSample": (258, 3, bits),
        "Compression": (259, 3, 1),
        "PhotometricInterpretation": (262, 3, 1),
        "StripOffsets": (273, 4, 8),
        "SamplesPerPixel": (277, 3, 1),
        "RowsPerStrip": (278, 3, HEIGHT),
        "StripByteCounts": (279, 4, len(samples)),
        **tags,
    }
    entries = sorted(values.values())
    body = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + (struct.pack(f"{order}HH", value, 0) if kind == 3 else struct.pack(f"{order}I", value))
        for tag, kind, value in entries
    )
    samples += bytes(len(samples) % 2)
    head = struct.pack(f"{order}HI", 42, 8 + len(samples))
    directory = struct.pack(f"{order}H", len(entries)) + body + bytes(4)
    return (b"II" if order == "<" else b"MM") + head + samples + directory


def deep_tiffs() -> Iterator[Case]:
    deep = GREY.astype(np.uint16) * 257
    for order in "<>":
        samples = deep.astype(f"{order}u2").tobytes()
        yield Case(f"TIFF 16 {order}", tiff(samples, 16, order), GREY_RGB)
        negative = {"PhotometricInterpretation": (262, 3, 0)}
        flipped = (65535 - deep).astype(f"{order}u2").tobytes()
        expected = GREY_RGB if order == "<" else None  # Pillow knows only one order of these
        yield Case(f"TIFF 16 white is zero {order}", tiff(flipped, 16, order, **negative), expected)
        signed = {"SampleFormat": (339, 3, 2)}
        yield Case(f"TIFF signed {order}", tiff((deep // 2).tobytes(), 16, order, **signed), None)
        wide = deep.astype(f"{order}u4").tobytes()
        yield Case(f"TIFF 32 {order}", tiff(wide, 32, order), None)
        floats = {"SampleFormat": (339, 3, 3)}
        numbers = (GREY / 255).astype(f"{order}f4").tobytes()
        yield Case(f"TIFF float {order}", tiff(numbers, 32, order, **floats), None)
    white = {"PhotometricInterpretation": (262, 3, 0)}
    yield Case("TIFF 8 white is zero", tiff((255 - GREY).tobytes(), 8, **white), GREY_RGB)
    twelve = np.rint(GREY * (4095 / 255)).astype(np.uint16).reshape(-1, 2)
    packed = np.stack(
        [twelve[:, 0] >> 4, (twelve[:, 0] & 15) << 4 | twelve[:, 1] >> 8, twelve[:, 1] & 255], -1
    ).astype(np.uint8)
    yield Case("TIFF 12", tiff(packed.tobytes(), 12), GREY_RGB)
    yield Case("TIFF LAB", saved(Image.new("LAB", (WIDTH, HEIGHT)), "TIFF"), None)
    reduced = {"NewSubfileType": (254, 4, 1)}
    yield Case("TIFF of a RAW photograph", tiff(GREY.tobytes(), 8, **reduced), None)
    sensor = {"PhotometricInterpretation": (262, 3, 32803)}
    yield Case("TIFF of a sensor", tiff(GREY.tobytes(), 8, **sensor), None)
    dng = {"DNGVersion": (50706, 4, 1025)}
    yield Case("DNG", tiff(GREY.tobytes(), 8, **dng), None)


def orientations() -> Iterator[Case]:
    """All eight, wherever a format keeps them."""
    for number in EIGHTS:
        stored = stored_for(number)
        for name, tolerance in (("JPEG", LOSSY), ("PNG", EXACT), ("TIFF", EXACT), ("AVIF", LOSSY)):
            options = {"quality": 92} if tolerance else {}
            content = saved(stored, name, exif=exif(number), **options)
            yield Case(f"{name} EXIF {number}", content, RGB, tolerance)
        lossless = saved(stored, "WEBP", exif=exif(number), lossless=True)
        yield Case(f"WebP EXIF {number}", lossless, RGB)
        yield Case(f"MPO EXIF {number}", mpo(stored, exif(number)), RGB, LOSSY)
        yield Case(
            f"HEIF EXIF alone {number}", saved(stored, "HEIF", exif=exif(number)), RGB, LOSSY
        )
        stored.info["exif"] = exif(number).tobytes()
        content = saved(stored, "HEIF")
        yield Case(f"HEIF irot, imir and EXIF {number}", content, RGB, LOSSY)
        yield Case(f"HEIF irot, imir alone {number}", content.replace(b"Exif", b"skip"), RGB, LOSSY)
        stored = stored_for(number)
        yield Case(f"JPEG XMP {number}", saved(stored, "JPEG", xmp=xmp(number)), RGB, LOSSY)
        yield Case(f"WebP XMP {number}", saved(stored, "WEBP", xmp=xmp(number)), RGB, LOSSY)
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp(number).decode())
        yield Case(f"PNG XMP {number}", saved(stored, "PNG", pnginfo=info), RGB)
        info = PngImagePlugin.PngInfo()
        hexadecimal = exif(number).tobytes().hex()
        info.add_text("Raw profile type exif", f"\nexif\n{len(hexadecimal) // 2}\n{hexadecimal}")
        yield Case(f"PNG EXIF in hexadecimal {number}", saved(stored, "PNG", pnginfo=info), RGB)


def mpo(stored, block):
    other = Image.new("RGB", stored.size)
    return saved(stored, "MPO", save_all=True, append_images=[other], exif=block, quality=92)


def raw_exif(orientation, kind=3, count=1, before=b"", after=b"", order="<"):
    """An EXIF block with the orientation as its only tag, behind and in front of others."""
    value = struct.pack(f"{order}I", orientation)
    if kind == 3:
        value = struct.pack(f"{order}HH", orientation, 0)
    entry = struct.pack(f"{order}HHI", ORIENTATION, kind, count) + value
    entries = before + entry + after
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return head + struct.pack(f"{order}H", len(entries) // 12) + entries + bytes(4)


# Blocks, and whether their orientation, 6, can be read.
OUTSIDE = struct.pack("<HHII", 0x010F, 2, 5000, 0xFFFFFF)  # the maker's name, outside the block
EXIF_BLOCKS = {
    "cut in front": (raw_exif(6)[:12], False),
    "cut behind the tag": (raw_exif(6, after=bytes(60))[:22], True),
    "tag before it points outside": (raw_exif(6, before=OUTSIDE), True),
    "tag behind it points outside": (raw_exif(6, after=OUTSIDE), True),
    "unknown type": (raw_exif(6, kind=77), False),
    "text": (raw_exif(0x36, kind=2, count=2), False),
    "long": (raw_exif(6, kind=4), True),
    "two values": (raw_exif(6, count=2), False),
    "0": (raw_exif(0), False),
    "9": (raw_exif(9), False),
    "65535": (raw_exif(65535), False),
    "big-endian": (raw_exif(6, order=">"), True),
    "no TIFF": (b"rubbish" * 9, False),
    "empty": (b"", False),
    "endless count": (raw_exif(6)[:8] + b"\xff\xff" + raw_exif(6)[10:], True),
}


def with_segment(jpeg, marker, body):
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def with_webp_chunk(webp, kind, body, flag):
    """A WebP file with another chunk at its end; its own must have the extended header."""
    body = kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    content = bytearray(webp[8:] + body)
    content[12] |= flag
    return b"RIFF" + struct.pack("<I", len(content)) + bytes(content)


def damaged_metadata() -> Iterator[Case]:
    """Broken blocks beside sound pixels."""
    for name, (block, is_readable) in EXIF_BLOCKS.items():
        stored = stored_for(6) if is_readable else Image.fromarray(RGB)
        jpeg = saved(stored, "JPEG", quality=92)
        content = with_segment(jpeg, 0xE1, b"Exif\0\0" + block)
        yield Case(f"JPEG EXIF {name}", content, RGB, LOSSY)
        chunks = saved(stored, "PNG")
        content = chunks[:33] + chunk(b"eXIf", block) + chunks[33:]
        yield Case(f"PNG EXIF {name}", content, RGB)
        webp = saved(stored.convert("RGBA"), "WEBP", lossless=True, icc_profile=b"profile")
        content = with_webp_chunk(webp, b"EXIF", block, 8)
        yield Case(f"WebP EXIF {name}", content, RGB)
        whole = raw_exif(1, after=bytes(120))
        block = (block + bytes(len(whole)))[: len(whole)]
        # An AVIF file's orientation is its own, whatever EXIF says.
        for coder, image in (("AVIF", RGB), ("HEIF", np.asarray(stored))):
            content = saved(image, coder, exif=whole).replace(whole, block)
            yield Case(f"{coder} EXIF {name}", content, RGB, LOSSY)
    plain = saved(RGB, "PNG")
    idat = plain.index(b"IDAT") - 4
    beside = {
        "text too long": chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(3_000_000))),
        "text of many": b"".join(
            chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(900_000))) for _ in range(80)
        ),
        "text cut": chunk(b"zTXt", b"note\0\0" + zlib.compress(b"x" * 99)[:9]),
        "text without a name": chunk(b"tEXt", b""),
        "international text cut": chunk(b"iTXt", b"note\0\1\0"),
        "profile": chunk(b"iCCP", b"icc\0\0rubbish"),
        "profile without a name": chunk(b"iCCP", b"rubbish"),
        "profile too long": chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(3_000_000))),
        "checksum": chunk(b"tEXt", b"a\0b", is_sound=False),
        "checksum of gamma": chunk(b"gAMA", b"\0\0\xb1\x8f", is_sound=False),
        "gamma too short": chunk(b"gAMA", b"\0"),
        "chromaticities too short": chunk(b"cHRM", b"\0" * 5),
        "resolution too short": chunk(b"pHYs", b"\0"),
        "intent missing": chunk(b"sRGB", b""),
        "transparency too short": chunk(b"tRNS", b"\0"),
        "unknown": chunk(b"abCd", bytes(50), is_sound=False),
    }
    for name, extra in beside.items():
        yield Case(f"PNG {name}", plain[:33] + extra + plain[33:], RGB)
        yield Case(f"PNG {name} behind", plain[:-12] + extra + plain[-12:], RGB)
        yield Case(f"PNG {name} between", plain[:idat] + extra + plain[idat:], RGB)
    jpeg = saved(RGB, "JPEG", quality=92)
    segments = {
        "profile": (0xE2, b"ICC_PROFILE\0\1\5rubbish"),
        "profile without a number": (0xE2, b"ICC_PROFILE\0"),
        "MPF": (0xE2, b"MPF\0II\x2a\0\xff\xff\0\0"),
        "MPF of nothing": (0xE2, b"MPF\0"),
        "XMP": (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation="),
        "Photoshop": (0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff"),
        "Photoshop cut": (0xED, b"Photoshop 3.0\x008BIM"),
        "JFIF cut": (0xE0, b"JFIF\0\1"),
        "FlashPix": (0xE2, b"FPXR\0rubbish"),
        "comment": (0xFE, b"\xff\xfe\xff"),
    }
    for name, (marker, body) in segments.items():
        yield Case(f"JPEG {name}", with_segment(jpeg, marker, body), RGB, LOSSY)
    index = mpo(Image.fromarray(RGB), exif(1))
    place = index.index(b"MPF\0") + 4
    for shift in range(8, 40, 4):
        broken = bytearray(index)
        broken[place + shift : place + shift + 4] = b"\xff\xff\xff\x7f"
        yield Case(f"MPO index damaged at {shift}", bytes(broken), RGB, LOSSY)
    second = index.index(b"\xff\xd9\xff\xd8") + 2
    yield Case("MPO without its second picture", index[:second], RGB, LOSSY)
    yield Case("MPO with half its second picture", index[: second + 99], RGB, LOSSY)
    webp = saved(Image.fromarray(RGB), "WEBP", lossless=True, icc_profile=b"profile", exif=exif(1))
    yield Case("WebP profile", webp, RGB)
    yield Case("WebP cut in its metadata", webp[:-10], RGB)
    yield from tiff_metadata()


def tiff_metadata() -> Iterator[Case]:
    for name, tag in {
        "description outside": (270, 2, 0xFFFFFF0),
        "maker outside": (271, 4, 0xFFFFFF0),
        "EXIF outside": (34665, 4, 0xFFFFFF0),
        "GPS outside": (34853, 4, 0xFFFFFF0),
        "sub-pictures outside": (330, 4, 0xFFFFFF0),
        "unknown": (65000, 77, 5),
        "orientation 0": (ORIENTATION, 3, 0),
        "orientation 9": (ORIENTATION, 3, 9),
        "orientation as text": (ORIENTATION, 2, 0x36),
    }.items():
        content = tiff(GREY.tobytes(), 8, extra=tag)
        if tag[1] == 2:  # a text of a million characters
            entry = struct.pack("<HHI", tag[0], 2, 1)
            content = content.replace(entry, struct.pack("<HHI", tag[0], 2, 1_000_000))
        yield Case(f"TIFF {name}", content, GREY_RGB)
    for name, profile in (("profile", b"rubbish"), ("empty profile", b"")):
        content = saved(RGB, "TIFF", icc_profile=profile)
        yield Case(f"TIFF {name}", content, RGB)
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[700] = b"<not XML"
    yield Case("TIFF XMP", saved(RGB, "TIFF", tiffinfo=info), RGB)


def damage() -> Iterator[Case]:
    """Files cut short, and values that are shown to be wrong by the file itself."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    sound = {
        "JPEG": saved(noise, "JPEG"),
        "progressive JPEG": saved(noise, "JPEG", progressive=True),
        "PNG": saved(noise, "PNG"),
        "WebP": saved(noise, "WEBP"),
        "GIF": saved(noise, "GIF"),
        "BMP": saved(noise, "BMP"),
        "TIFF": saved(noise, "TIFF"),
        "TIFF LZW": saved(noise, "TIFF", compression="tiff_lzw"),
        "TIFF JPEG": saved(noise, "TIFF", compression="jpeg"),
        "JPEG 2000": saved(noise, "JPEG2000"),
        "AVIF": saved(noise, "AVIF"),
        "HEIF": saved(noise, "HEIF"),
        "PPM": saved(noise, "PPM"),
        "TGA": saved(noise, "TGA"),
        "DDS": saved(noise, "DDS"),
        "QOI": saved(noise, "QOI"),
        "PCX": saved(noise, "PCX"),
        "SGI": saved(noise, "SGI"),
        "ICO": saved(noise, "ICO"),
    }
    for name, content in sound.items():
        for part in (0.01, 0.3, 0.6, 0.9):
            yield Case(f"{name} cut at {part:.0%}", content[: int(part * len(content))], None)
    content = sound["PNG"]
    for place in (0.2, 0.5, 0.8):
        spoilt = bytearray(content)
        spoilt[int(place * len(content))] ^= 4
        yield Case(f"PNG with another byte at {place:.0%}", bytes(spoilt), None)
    header = bytearray(content)
    header[19] ^= 1  # the width
    yield Case("PNG with another width", bytes(header), None)


def no_pictures() -> Iterator[Case]:
    """Files that are something else, or pictures of kinds that are not read."""
    for name, content in {
        "PDF": b"%PDF-1.7\n1 0 obj\n",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (r) file\n",
        "EPS with a preview": b"\xc5\xd0\xd3\xc6" + struct.pack("<II", 30, 40) + bytes(99),
        "WMF": b"\xd7\xcd\xc6\x9a" + bytes(99),
        "EMF": b"\1\0\0\0" + bytes(36) + b" EMF" + bytes(99),
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
        "FITS": b"SIMPLE  =                    T" + bytes(2850),
        "HDF5": b"\x89HDF\r\n\x1a\n" + bytes(99),
        "GRIB": b"GRIB" + bytes(99),
        "FlashPix": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(999),
        "MPEG": b"\0\0\1\xb3" + bytes(99),
        "MP3": b"ID3\4\0\0\0\0\0\x0a" + saved(RGB, "JPEG"),
        "FLAC": b"fLaC" + saved(RGB, "JPEG"),
        "JPEG XL": b"\xff\x0a" + bytes(range(99)),
        "JPEG XL in boxes": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99),
        "RAW of Canon": b"II\x2a\0\x10\0\0\0CR\2\0" + bytes(99),
        "RAW of Canon in boxes": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(99),
        "RAW of Fuji": b"FUJIFILMCCD-RAW 0201" + saved(RGB, "JPEG"),
        "Photoshop": b"8BPS\0\1" + bytes(99),
        "OpenEXR": b"\x76\x2f\x31\1" + bytes(99),
        "DICOM": bytes(128) + b"DICM" + bytes(99),
        "text": b"This is a letter.",
        "text in UTF-16": "This is a letter.".encode("utf-16"),
        "web page": b"<!DOCTYPE html><title>404</title>",
        "zip": b"PK\3\4" + bytes(99),
        "nothing": b"",
        "zeros": bytes(5000),
        "random bytes": np.random.default_rng(1).bytes(5000),
    }.items():
        yield Case(name, content, None)


def cases() -> Iterator[Case]:
    """All of them."""
    parts = (modes, depths, hdr, orientations, damaged_metadata, damage, no_pictures)
    for part in parts:
        yield from part()


def outcome(case: Case) -> str:
    """What happens when a file is read: `RIGHT`, `REFUSED`, or a description of the failure."""
    try:
        found = read_image(case.content)
    except DataError as error:
        text = str(error)
        if "\n" in text or len(text) > MOST_MESSAGE or ": " not in text:
            return f"badly explained: {text}"
        return REFUSED if case.expected is None else f"refused, though sound: {text}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if case.expected is None:
        return "read, though it should be refused"
    if found.shape != case.expected.shape:
        return f"another shape: {found.shape}"
    difference = float(np.abs(found.astype(int) - case.expected).mean())
    return RIGHT if difference <= case.tolerance else f"other values, by {difference:.1f}"


def main() -> int:
    register_heif_opener()  # for writing; reading needs nothing registered
    outcomes = collections.Counter()
    for case in cases():
        result = outcome(case)
        outcomes[result if result in (RIGHT, REFUSED) else "failure"] += 1
        if result not in (RIGHT, REFUSED):
            print(f"{case.name}: {result}")
    print(", ".join(f"{count} {name}" for name, count in outcomes.most_common()))
    return int(outcomes["failure"] > 0)


if __name__ == "__main__":
    sys.exit(main())
