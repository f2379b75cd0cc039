"""The size of a picture, read from its first bytes: the Bot API gives it with every photo."""

import struct

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
# start-of-frame markers; between them lie three others: DHT (c4), JPG (c8), DAC (cc)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def image_type(content: bytes) -> str | None:
    """`image/png` or `image/jpeg` if the bytes are such a picture, else None."""
    if content.startswith(PNG):
        return "image/png"
    return "image/jpeg" if content.startswith(JPEG) else None


def image_size(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG or JPEG, or None if the bytes are neither or are cut short."""
    try:
        if content.startswith(PNG):
            width, height = struct.unpack_from(">II", content, 16)
        elif content.startswith(JPEG):
            height, width = _jpeg_frame(content)
        else:
            return None
    except struct.error:
        return None
    return (width, height) if width and height else None


def _jpeg_frame(content: bytes) -> tuple[int, int]:
    position = 2
    while True:
        start, marker, length = struct.unpack_from(">BBH", content, position)
        if start != 0xFF:
            raise struct.error("no marker where one must be")
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", content, position + 5)
            return height, width
        position += 2 + length
