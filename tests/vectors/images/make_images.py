"""Makes the images of this folder that tests cannot build byte by byte. Run by hand: needs Pillow >= 10.

Every hiding place for metadata holds the word SECRET, so that a test can look for it in
what the server serves.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, TiffImagePlugin

here = Path(__file__).parent
xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><SECRET>XMP</SECRET></x:xmpmeta>'


def picture(width: int, height: int) -> Image.Image:
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    around = Image.radial_gradient("L").resize((width, height))
    return Image.merge("RGB", (across, down, around))


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = "SECRET camera"
    data.get_ifd(0x8825).update(
        {1: "N", 2: tuple(TiffImagePlugin.IFDRational(n) for n in (52, 31, 12)), 29: "SECRET:GPS"}
    )
    return data


def jpeg_segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def profile() -> bytes:
    raw = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return raw.replace("sRGB built-in".encode("utf-16-be"), "SECRET profil".encode("utf-16-be"))


def swapped_primaries(raw: bytes) -> bytes:
    """The profile with its red and green primaries exchanged: under it, red is shown green."""
    swapped = bytearray(raw)
    for entry in range(struct.unpack(">I", raw[128:132])[0]):
        at = 132 + entry * 12
        name = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(raw[at : at + 4])
        if name:
            swapped[at : at + 4] = name
    return bytes(swapped)


plain = profile()
(here / "red_is_green.icc").write_bytes(swapped_primaries(plain))

photo = here / "photo.jpg"  # 800 x 500 as stored, 500 x 800 as shown
picture(800, 500).save(photo, quality=70, exif=exif(6), icc_profile=plain, comment=b"SECRET comment", xmp=xmp)
body = photo.read_bytes()
iptc = jpeg_segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x14" + b"\x1c\x02\x05\0\x0fSECRET headline")
photo.write_bytes(body[:2] + iptc + body[2:])

picture(700, 300).convert("CMYK").save(here / "cmyk.jpg", quality=60)
picture(200, 100).save(here / "progressive.jpg", quality=70, progressive=True)

frames = [picture(60, 40).rotate(30 * n) for n in range(3)]
rest: dict[str, Any] = {"save_all": True, "append_images": frames[1:], "duration": [100, 200, 300], "loop": 2}
frames[0].save(here / "animated.gif", comment=b"<html><script>alert('SECRET')</script></html>", **rest)
frames[0].save(here / "animated.webp", quality=60, exif=exif(1), xmp=xmp, icc_profile=plain, **rest)
alpha = picture(800, 600)
alpha.putalpha(Image.radial_gradient("L").resize((800, 600)))
alpha.save(here / "alpha.webp", quality=40, alpha_quality=40, exif=exif(1), xmp=xmp)
