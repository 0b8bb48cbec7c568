"""What a file is, by its first bytes and never by its name (standard library only).

Pillow and FFmpeg are asked about a file only after this module has recognised it or knows nothing
about it. Both know formats that start other programs (PostScript), read other files or addresses
(playlists) or are no photographs (the cover of a song).
"""

import dataclasses
import os
import re
import struct

# The kinds of files. A container is what FFmpeg takes apart: it may hold a video, or sound alone.
PICTURE, CONTAINER, UNREADABLE, OTHER, UNKNOWN = (
    "picture",
    "container",
    "unreadable",
    "other",
    "unknown",
)
# A PDF's mark and a drawing's first element are in the first kilobytes, behind comments.
HEAD_BYTES = 4096
# A TGA file is known by its last bytes.
TAIL_BYTES = 26
_TGA_MARK = b"TRUEVISION-XFILE.\0"


def _suffixes(names):
    return frozenset(f".{name}" for name in names.split())


# Endings of names that promise a picture or video. They do not decide what a file is; they decide
# whether a file in a folder that turns out to be something else is reported by itself.
PICTURE_SUFFIXES = _suffixes(
    "jpg jpeg jpe jfif jif mpo png apng webp bmp dib gif tif tiff heic heif hif "
    "heics heifs avif avifs jxl jp2 j2k jpx jpf jpc j2c ppm pgm pbm pnm tga "
    "ico dds qoi pcx sgi rgb exr hdr jxr wdp"
)
RAW_SUFFIXES = _suffixes(
    "3fr arw cr2 cr3 dcr dng erf fff iiq k25 kdc mef mos mrw nef nrw orf pef "
    "raf raw rw2 rwl sr2 srf srw x3f"
)
VIDEO_SUFFIXES = _suffixes(
    "avi mp4 mov qt mkv webm m4v mpg mpeg mpe m1v m2v 3gp 3g2 ts mts m2ts m2t "
    "wmv asf flv f4v vob ogv ogm mxf divx dv mod tod rm rmvb mjpeg mjpg y4m ivf "
    "h264 264 h265 265 hevc nut lrv"
)
# These may also be source code: TypeScript, Go, C.
SOURCE_CODE_SUFFIXES = frozenset({".ts", ".mts", ".mod", ".hdr"})
# Sound in a container that may also hold a video.
SOUND_SUFFIXES = _suffixes("mp3 m4a m4b m4r mka oga ogg opus spx wma aac ac3 flac wav weba amr")
MEDIA_SUFFIXES = PICTURE_SUFFIXES | RAW_SUFFIXES | VIDEO_SUFFIXES


@dataclasses.dataclass(frozen=True)
class Media:
    """What a file is.

    Attributes:
        kind: `PICTURE`, `CONTAINER`, `UNREADABLE` (a picture of a format that is not read),
            `OTHER` (something else that is known), or `UNKNOWN`.
        name: Pillow's name of a picture's format; otherwise what it is, with its article.
        is_text: whether an `OTHER` or `UNKNOWN` file is text.
    """

    kind: str
    name: str
    is_text: bool = False

    @property
    def description(self) -> str:
        """What was found in place of a picture, for a message."""
        if self.kind == UNKNOWN:
            return f"no known format is in the file{' of text' if self.is_text else ''}"
        note = ", and there is no video in it" if self.name == SOUND.name else ""
        return f"found {self.name}{note}" + _REMEDY * (self.kind == UNREADABLE)


_REMEDY = ", which is not read: convert it to JPEG or PNG"


def _picture(name):
    return Media(PICTURE, name)


def _other(name):
    return Media(OTHER, name)


def _unreadable(name):
    return Media(UNREADABLE, name)


_CONTAINER = Media(CONTAINER, "a video or sound file")
RAW = _unreadable("a RAW photograph")
_JPEG_XL = _unreadable("a JPEG XL picture")
SOUND = _other("a sound file")
_ARCHIVE = _other("an archive or office document")
_PROGRAM = _other("a program")

# A pattern that the first bytes match, and what they are then. The first that fits counts.
_SIGNATURES = tuple(
    (re.compile(pattern, re.DOTALL), media)
    for pattern, media in (
        (rb"\xff\xd8\xff", _picture("JPEG")),
        (rb"\x89PNG\r\n\x1a\n", _picture("PNG")),
        (rb"GIF8[79]a", _picture("GIF")),
        (rb"RIFF....WEBP", _picture("WEBP")),
        # The size of the second header is 12, or 40 and more.
        (rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", _picture("BMP")),
        (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", _picture("JPEG2000")),
        (rb"P[1-6](\s|#[^\n]*\n)+\d+(\s|#[^\n]*\n)+\d", _picture("PPM")),
        (rb"\0\0\x01\0[\x01-\x40]\0.{3}[\0\x01]", _picture("ICO")),
        (rb"DDS \x7c\0\0\0", _picture("DDS")),
        (rb"qoif.{8}[\x03\x04][\0\x01]", _picture("QOI")),
        (rb"\x0a[\0\x02\x03\x05]\x01[\x01\x02\x04\x08]", _picture("PCX")),
        (rb"\x01\xda[\0\x01][\x01\x02]\0[\x01\x02\x03]", _picture("SGI")),
        (rb"II\x2a\0\x10\0\0\0CR|IIR[OS]|IIU\0|MMOR|FUJIFILMCCD-RAW|FOVb|\0MRM", RAW),
        (rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", _JPEG_XL),
        (rb"II\xbc", _unreadable("a JPEG XR picture")),
        (rb"\x76\x2f\x31\x01", _unreadable("an OpenEXR picture of floating-point numbers")),
        (rb"#\?(RADIANCE|RGBE)", _unreadable("a Radiance picture of floating-point numbers")),
        (rb"P[Ff]\s", _unreadable("a PFM picture of floating-point numbers")),
        (rb"P7\s", _unreadable("a PAM picture")),
        (rb"8BPS", _unreadable("a Photoshop document")),
        (rb"icns", _unreadable("a collection of icons")),
        (rb"gimp xcf", _unreadable("a GIMP document")),
        (rb"FLIF", _unreadable("a FLIF picture")),
        (rb".{128}DICM", _unreadable("a DICOM picture")),
        (rb"AT&TFORM", _other("a DjVu document")),
        (rb"%!|\xc5\xd0\xd3\xc6|\x04%!", _other("a PostScript drawing")),
        (
            rb"\xd7\xcd\xc6\x9a|[\x01\x02]\0\x09\0\0[\x01\x03]|\x01\0\0\0.{36} EMF",
            _other("a WMF or EMF"),
        ),
        (rb"SIMPLE  =", _other("a FITS file")),
        (rb"\x89HDF\r\n\x1a\n", _other("an HDF5 file")),
        (rb"GRIB|BUFR", _other("weather data")),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _other("an office document or FlashPix picture")),
        (rb"\x93NUMPY", _other("a NumPy array")),
        (
            rb"PK(\x03\x04|\x05\x06|\x07\x08)|\x1f\x8b|BZh|\xfd7zXZ\0|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd",
            _ARCHIVE,
        ),
        (rb"\x7fELF|MZ.{58}|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|.\x0d\x0d\x0a", _PROGRAM),
        (rb"SQLite format 3\0", _other("a database")),
        (rb".{4}TFL3", _other("a TFLite model")),
        (rb"wOF[F2]|OTTO|\0\x01\0\0\0", _other("a font")),
        (
            rb"ID3[\x02\x03\x04]|fLaC|MThd|#!AMR|FORM....AIF[FC]|(RIFF|RIFX|RF64)....(WAVE|RMID)",
            SOUND,
        ),
        (rb"MAC ..\0\0|wvpk|\xff[\xfb\xfa\xf3\xf2\xf1\xf9]|\.snd|caff\0", SOUND),
        (rb"RIFF....AVI |\x1a\x45\xdf\xa3|OggS|FLV\x01|\0\0\x01\xba|\0\0\x01\xb3", _CONTAINER),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11|\x06\x0e\x2b\x34|\.RMF|YUV4MPEG2|DKIF", _CONTAINER),
        (rb"\0.{3}(wide|free|skip|pnot|moof|styp|sidx)|.{4}(moov|mdat)", _CONTAINER),
        # Packets of 188 bytes, each perhaps behind four bytes of time.
        (rb"\x47.{187}\x47.{187}\x47|.{4}\x47.{191}\x47.{191}\x47", _CONTAINER),
        # Readers of PDF accept something else in front of it.
        (rb".{0,1019}%PDF-", _other("a PDF")),
    )
)
# The brands at the start of a file of ISO's base media format (MP4 and its relatives).
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"avci"}
_AVIF_BRANDS = {b"avif", b"avis"}
_SOUND_BRANDS = {b"M4A ", b"M4B ", b"M4P "}


def identify(content: bytes) -> Media:
    """Tell what the bytes of a whole file are."""
    return identify_ends(content[:HEAD_BYTES], content[-TAIL_BYTES:], len(content))


def identify_file(path: str | os.PathLike) -> Media:
    """Tell what a file is, from its first and last bytes.

    Raises:
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        return identify_ends(head, file.read(TAIL_BYTES), size)


def identify_ends(head: bytes, tail: bytes, size: int) -> Media:
    """Tell what a file is.

    Args:
        head: its first `HEAD_BYTES` bytes.
        tail: its last `TAIL_BYTES` bytes.
        size: number of its bytes.
    """
    if not head:
        return _other("an empty file")
    if head[4:8] == b"ftyp":
        return _base_media(head)
    if head[:4] in (b"II\x2a\0", b"MM\0\x2a", b"II\x2b\0", b"MM\0\x2b") and head[8:10] != b"CR":
        return _picture("TIFF")
    for pattern, media in _SIGNATURES:
        if pattern.match(head):
            return media
    if tail.endswith(_TGA_MARK) or _is_plain_tga(head, size):
        return _picture("TGA")
    return _text(head) or Media(UNKNOWN, "an unknown format")


def _base_media(head):
    """Tell pictures from videos by the brands: the main one, and then all that a file fits."""
    length = min(int.from_bytes(head[:4], "big"), 256)
    main, *others = (head[at : at + 4] for at in (8, *range(16, max(length, 16), 4)))
    brands = {main, *others}
    if main == b"crx ":
        return RAW
    if main == b"jxl ":
        return _JPEG_XL
    if main in _SOUND_BRANDS:
        return SOUND
    if main in _AVIF_BRANDS or (main in _HEIF_BRANDS | {b"msf1"} and brands & _AVIF_BRANDS):
        return _picture("AVIF")
    return _picture("HEIF") if main in _HEIF_BRANDS else _CONTAINER


def _is_plain_tga(head, size):
    """Tell whether an old TGA file, which has no mark, is exactly as long as its header says."""
    if len(head) < 18:
        return False
    identity, has_palette, kind, _, colours, entry, _, _, width, height, bits, _ = struct.unpack(
        "<BBBHHBHHHHBB", head[:18]
    )
    if (kind, bits) not in {(1, 8), (2, 16), (2, 24), (2, 32), (3, 8)} or has_palette > 1:
        return False
    palette = has_palette * colours * (entry // 8)
    return width * height > 0 and size == 18 + identity + palette + width * height * (bits // 8)


def _text(head):
    """Recognise text: no control characters but those of lines, tabulators and terminals."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Media(UNKNOWN, "text", is_text=True)
    if any(byte < 32 and byte not in b"\t\n\v\f\r\x1b" for byte in head):
        return None
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<") and b"<svg" in start:
        return Media(OTHER, "an SVG drawing", is_text=True)
    return Media(UNKNOWN, "text", is_text=True)
