"""Sound picture files: every format, mode, depth and orientation."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from picture_content import (
    EIGHTS,
    EXACT,
    GREY,
    GREY_RGB,
    HEIGHT,
    LOSSY,
    RGB,
    ROUNDED,
    WIDTH,
    Case,
    by_opencv,
    chunk,
    exif,
    in_mode,
    mpo,
    png,
    saved,
    stored_for,
    tiff,
    xmp,
)
from PIL import Image, PngImagePlugin
from PIL import __version__ as PILLOW_VERSION
from pillow_heif import HeifFile

from despoof_keras.utils.video.colours import TRANSFERS, tone_mapped

PILLOW = int(PILLOW_VERSION.partition(".")[0])


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
    # Pillow 12 cannot read the uncompressed YCbCr that it writes.
    for mode in ("CMYK", "YCbCr") if PILLOW >= 13 else ("CMYK",):
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
