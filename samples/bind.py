"""Bind scanned pages into one file, as scanners do: a PDF with the JPEG bytes as they are, or a multi-page TIFF."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
import pikepdf
from PIL import Image

_PT_PER_INCH = 72


def bind_pdf(jpegs: Sequence[bytes], dpi: float = 200) -> bytes:
    """One page per JPEG, at the size that `dpi` gives it; the image bytes are embedded unchanged."""
    pdf = pikepdf.new()
    for jpeg in jpegs:
        with Image.open(io.BytesIO(jpeg)) as image:
            width, height = image.size
            space = "/DeviceGray" if image.mode == "L" else "/DeviceRGB"
        stream = pikepdf.Stream(
            pdf,
            jpeg,
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=width,
            Height=height,
            ColorSpace=pikepdf.Name(space),
            BitsPerComponent=8,
            Filter=pikepdf.Name.DCTDecode,
        )
        width_pt, height_pt = width / dpi * _PT_PER_INCH, height / dpi * _PT_PER_INCH
        contents = f"q {width_pt:.4f} 0 0 {height_pt:.4f} 0 0 cm /Im0 Do Q".encode()
        page = pikepdf.Dictionary(
            Type=pikepdf.Name.Page,
            MediaBox=[0, 0, round(width_pt, 4), round(height_pt, 4)],
            Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=stream)),
            Contents=pikepdf.Stream(pdf, contents),
        )
        pdf.pages.append(pikepdf.Page(page))
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def bind_tiff(images: Sequence[bytes], dpi: float = 200) -> bytes:
    """One multi-page TIFF: grey pages in JPEG compression, black-and-white ones in G4."""
    pages: list[Image.Image] = []
    for data in images:
        grey = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            raise ValueError("a page is not an image")
        pages.append(Image.fromarray(np.asarray(grey, dtype=np.uint8)))
    if not pages:
        raise ValueError("a TIFF needs at least one page")
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:], compression="jpeg", dpi=(dpi, dpi))
    return out.getvalue()
