# SPDX-License-Identifier: Apache-2.0
"""The handler called directly, with pictures made here."""

import io
import pathlib
import struct
import subprocess
import sys
import unittest

import pelton
from PIL import Image, ImageCms

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
import thumbnail


class Incoming:
    def __init__(self, subject, data):
        self.subject, self.data, self.path = subject, data, None

    def open(self):
        return io.BytesIO(self.data)


def encoded(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def thumbnail_of(picture, subject="a.jpg", kind="PNG", **options):
    event = thumbnail.handle(Incoming(subject, encoded(picture, kind, **options)), None)
    return event.subject, Image.open(io.BytesIO(event.data))


def levels(picture):
    return len(set(picture.convert("L").getdata()))


class Thumbnails(unittest.TestCase):
    def test_sixteen_bits_a_pixel(self):
        ramp = Image.new("I", (256, 64))
        ramp.putdata([x * 257 for _ in range(64) for x in range(256)])
        self.assertGreater(levels(thumbnail_of(ramp)[1]), 100)
        for mode, order in (("I;16", "<H"), ("I;16B", ">H")):
            rows = b"".join(struct.pack(order, x * 64) for _ in range(64) for x in range(1024))
            scan = Image.frombytes(mode, (1024, 64), rows)
            self.assertGreater(levels(thumbnail_of(scan, kind="TIFF")[1]), 100, mode)

    def test_floating_point_pixels(self):
        ramp = Image.new("F", (512, 8))
        ramp.putdata([x / 511 for _ in range(8) for x in range(512)])
        self.assertGreater(levels(thumbnail_of(ramp, kind="TIFF")[1]), 100)

    def test_colours_are_converted_to_srgb(self):
        profile = swapped_primaries()
        green = Image.new("RGB", (400, 300), (60, 200, 60))
        _, small = thumbnail_of(green, kind="JPEG", quality=95, icc_profile=profile)
        expected = ImageCms.profileToProfile(green, ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                                             ImageCms.createProfile("sRGB")).getpixel((9, 9))
        self.assertNotEqual(expected, (60, 200, 60))
        for ours, theirs in zip(small.getpixel((100, 100)), expected):
            self.assertLess(abs(ours - theirs), 6)

    def test_a_broken_profile_is_ignored(self):
        _, small = thumbnail_of(Image.new("RGB", (9, 9), (60, 200, 60)), icc_profile=b"nonsense")
        self.assertLess(abs(small.getpixel((4, 4))[1] - 200), 6)

    def test_names_that_differ_in_their_ending_only(self):
        picture = Image.new("RGB", (9, 9))
        names = ["photo.jpg", "photo.JPG", "photo.jpeg", "photo.png", "photo.tif", "photo"]
        self.assertEqual(len({thumbnail_of(picture, name)[0] for name in names}), len(names))
        self.assertEqual(thumbnail_of(picture, "photo.jpg")[0], "photo.jpg")
        self.assertEqual(thumbnail_of(Image.new("RGBA", (9, 9)), "logo.png")[0], "logo.png")

    def test_transparency_stays(self):
        self.assertEqual(thumbnail_of(Image.new("RGBA", (900, 9), (1, 2, 3, 0)), "logo.png")[1].mode, "RGBA")

    def test_more_pixels_than_memory_allows(self):
        child = f"""
import resource, sys
sys.path[:0] = {sys.path!r}
import io, pelton, test_thumbnail
from PIL import Image
data = test_thumbnail.encoded(Image.new("RGB", (6000, 6000)), "PNG")
resource.setrlimit(resource.RLIMIT_DATA, (200 << 20, resource.RLIM_INFINITY))
try:
    test_thumbnail.thumbnail.handle(test_thumbnail.Incoming("huge.png", data), None)
except pelton.Fail as error:
    print(error)
"""
        here = pathlib.Path(__file__).parent
        said = subprocess.run([sys.executable, "-c", child], cwd=here, capture_output=True, text=True)
        self.assertIn("more pixels (6000 x 6000) than memory allows", said.stdout, said.stderr)


def swapped_primaries():
    def s15(value):
        return struct.pack(">i", round(value * 65536))

    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(map(s15, values))

    tags = {b"rXYZ": xyz(0.2053, 0.6257, 0.0609), b"gXYZ": xyz(0.6097, 0.3111, 0.0195),
            b"bXYZ": xyz(0.1492, 0.0632, 0.7446), b"wtpt": xyz(0.9642, 1, 0.8249),
            **{tag: b"curv\0\0\0\0" + struct.pack(">IH", 1, 563) + b"\0\0" for tag in (b"rTRC", b"gTRC", b"bTRC")}}
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">II", start + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    size = start + len(data)
    head = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x02100000, b"mntr", b"RGB ", b"XYZ ") + b"\0" * 12 + b"acsp"
    return head + b"\0" * 28 + s15(0.9642) + s15(1) + s15(0.8249) + b"\0" * 48 + table + data


if __name__ == "__main__":
    unittest.main()
