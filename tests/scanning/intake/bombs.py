"""Files that are small and ask for everything (FZ-3). Run as a program it opens each and says what that took:

python -m tests.scanning.intake.bombs FOLDER    ->  name, code, seconds, peak resident MB so far; as JSON lines
"""

import io
import json
import struct
import sys
import time
import zipfile
import zlib
from pathlib import Path


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(side: int, bits: int, colour: int) -> bytes:
    """A PNG of side x side px whose rows are all zero."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = bytes(1 + (side * bits * channels + 7) // 8)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(row) for _ in range(min(side, 4000))) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, bits, colour, 0, 0, 0))
    palette = chunk(b"PLTE", bytes(6)) if colour == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + header + palette + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tiff(width: int, height: int, compression: int, frames: int = 1) -> bytes:
    """A TIFF that announces this size; all its frames share one strip of nothing."""
    strip = zlib.compress(bytes(1000))
    data = b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip
    for frame in range(frames):
        entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1),
                   (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, len(strip))]  # fmt: skip
        body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
        following = 0 if frame == frames - 1 else len(data) + 2 + len(body) + 4
        data += struct.pack("<H", len(entries)) + body + struct.pack("<I", following)
    return data


def pdf(pages: int, box: str, content: bytes = b"0 0 10 10 re f") -> bytes:
    """A PDF of so many pages of one size, all drawn alike."""
    parts = [b"<</Type/Catalog/Pages 2 0 R>>"]
    kids = " ".join(f"{number + 4} 0 R" for number in range(pages))
    parts.append(f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode())
    parts.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    parts += [f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 3 0 R>>".encode()] * pages
    data, places = b"%PDF-1.4\n", []
    chunks = [data]
    at = len(data)
    for number, part in enumerate(parts, start=1):
        places.append(at)
        chunks.append(b"%d 0 obj\n%s\nendobj\n" % (number, part))
        at += len(chunks[-1])
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    chunks.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(parts) + 1, table))
    chunks.append(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, at))
    return b"".join(chunks)


def packed(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def jpeg(width: int, height: int, components: int) -> bytes:
    """A JPEG whose header announces this size, with nothing behind it."""
    parts = b"".join(bytes([at + 1, 0x11, 0]) for at in range(components))
    frame = struct.pack(">HBHHB", 8 + len(parts), 8, height, width, components) + parts
    return b"\xff\xd8\xff\xc0" + frame + b"\xff\xda\0\x08\x01\1\0\0\x3f\0" + bytes(1000) + b"\xff\xd9"


def heic(side: int) -> bytes:
    """A real HEIC whose size was raised in its header."""
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    Image.new("L", (256, 256), 255).save(buffer, "HEIF")
    data = bytearray(buffer.getvalue())
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", side, side)
    return bytes(data)


def webp(side: int) -> bytes:
    body = b"\x9d\x01\x2a" + struct.pack("<HH", side, side) + bytes(200)
    vp8 = b"VP8 " + struct.pack("<I", len(body) + 3) + b"\x10\0\0" + body
    return b"RIFF" + struct.pack("<I", len(vp8) + 4) + b"WEBP" + vp8


def bombs() -> dict[str, bytes]:
    """Every bomb by the name of its file."""
    gif = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0)
    gif += b"," + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0) + b"\x08\x01\0\0;"
    bmp = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 0, 0, 0, 54, 40, 100_000, 100_000, 1, 24, 0, 0, 0, 0, 0, 0)
    return {
        "grey-20k.png": png(20_000, 8, 0),
        "colour-32k.png": png(32_000, 8, 2),
        "bit-46k.png": png(46_000, 1, 0),
        "palette-46k.png": png(46_000, 1, 3),
        "deep-20k.png": png(20_000, 16, 6),
        "page-that-fits.png": png(8_600, 1, 0)[:-12],  # 74 million px, but its end is missing
        "huge.jpg": jpeg(65_500, 65_500, 1),
        "cmyk.jpg": jpeg(65_500, 65_500, 4),
        "huge.tif": tiff(1_000_000, 1_000_000, 8),
        "wide.tif": tiff(60_000, 60_000, 1),
        "many.tif": tiff(200, 200, 8, frames=10_000),
        "many.pdf": pdf(10_000, "0 0 595 842"),
        "large.pdf": pdf(1, "0 0 144000 144000"),
        "huge.gif": gif,
        "huge.bmp": bmp + bytes(3000),
        "huge.heic": heic(60_000),
        "huge.webp": webp(16_383),
        "inside.zip": packed("a.png", png(20_000, 8, 0)),
        "zeros.zip": packed("a.jpg", bytes(400_000_000)),
        "document.zip": packed("a.pdf", pdf(10_000, "0 0 595 842")),
    }


def main() -> None:
    from scanning.intake.unpack import unpack
    from scanning.page.image import Refusal, decode_page

    for path in sorted(Path(sys.argv[1]).iterdir()):
        begin = time.process_time()
        codes = []
        for page in unpack(path):
            decoded = decode_page(page.data) if page.data is not None else None
            codes.append(decoded.code if isinstance(decoded, Refusal) else page.code)
        taken = time.process_time() - begin
        print(json.dumps({"name": path.name, "codes": codes, "seconds": taken, "peak_mb": _peak_mb()}), flush=True)


def _peak_mb() -> float:
    """The most that this process has held. Not getrusage: that remembers the size of whoever started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
