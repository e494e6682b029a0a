"""Page images of a printed card: what the blank card looks like, edge to edge."""

import io

import pypdfium2

PREVIEW_DPI = 200


def page_pngs(pdf: bytes, dpi: int = PREVIEW_DPI) -> list[bytes]:
    """Render every page of a PDF as a grey PNG that carries its resolution. Not thread-safe, like PDFium itself."""
    images = []
    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            # Rendered in colour and then made grey: PDFium's own grey rendering takes more than twice as long.
            image = page.render(scale=dpi / 72).to_pil().convert("L")
            buffer = io.BytesIO()
            image.save(buffer, format="PNG", dpi=(dpi, dpi), compress_level=6)
            images.append(buffer.getvalue())
            page.close()
    finally:
        document.close()
    return images
