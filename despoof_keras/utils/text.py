"""Small text files as people hand them on: with a byte order mark, in UTF-16, from any system."""

import codecs

# UTF-32's little-endian mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(content: bytes, errors: str = "strict") -> str:
    r"""Decode a text by its byte order mark; without one it is UTF-8, or UTF-16 of Latin letters.

    Args:
        content: the file's bytes.
        errors: what to do with bytes that are no text, as in `bytes.decode`.

    Raises:
        UnicodeDecodeError: it is no text.

    Example:
        >>> decode_text(b"+\x001\x00")
        '+1'
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors)
    # Every second byte of a Latin letter in UTF-16 is zero, which no text in UTF-8 holds.
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        halves = content[first::2]
        if halves and halves.count(0) * 2 > len(halves):
            return content.decode(encoding, errors)
    return content.decode("utf-8", errors)
