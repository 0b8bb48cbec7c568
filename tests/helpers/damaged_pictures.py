"""Picture files with damaged metadata, damaged pixels, or something else in them."""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from picture_content import (
    GREY,
    GREY_RGB,
    LOSSY,
    ORIENTATION,
    RGB,
    Case,
    chunk,
    exif,
    mpo,
    saved,
    stored_for,
    tiff,
)
from PIL import Image, TiffImagePlugin


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
