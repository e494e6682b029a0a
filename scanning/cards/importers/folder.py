"""Read an OMRChecker template and its images from a folder, and nothing outside that folder."""

from pathlib import Path

from PIL import Image

from models.errors import mark_text
from scanning.cards.importers.omrchecker import MOST_BYTES, ImportedCard, ImportOptions, import_omrchecker
from scanning.cards.importers.refusals import TemplateImageRefused, TemplateTooLarge, TemplateUnreadable

MOST_IMAGE_BYTES = 30_000_000
MOST_IMAGE_PIXELS = 60_000_000  # an A3 reference page at 400 dpi has 31 million


def load_omrchecker(template: Path, options: ImportOptions | None = None) -> ImportedCard:
    """Import the template in this file. Raises the refusals of importers.refusals."""
    try:
        if template.stat().st_size > MOST_BYTES:
            raise TemplateTooLarge(
                place=template.name, found=f"{template.stat().st_size} bytes", most=f"{MOST_BYTES} bytes"
            )
        data = template.read_bytes()
    except OSError as err:
        raise TemplateUnreadable(file=str(template), why=mark_text("the file cannot be read")) from err
    return import_omrchecker(data, FolderImages(template.resolve().parent), options)


class FolderImages:
    """Reads images by relative path from one folder; links that lead out of it are refused as well."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, path: str, place: str) -> bytes:
        """The bytes of the image. Raises TemplateImageRefused."""
        relative = Path(path.replace("\\", "/"))
        target = (self._folder / relative).resolve()
        # "C:/x" has no drive on Linux and one on Windows: a colon is refused on both.
        if relative.is_absolute() or ":" in path or not target.is_relative_to(self._folder):
            raise TemplateImageRefused(found=path, place=place, why=mark_text("it lies outside the template's folder"))
        if not target.is_file():
            raise TemplateImageRefused(found=path, place=place, why=mark_text("there is no such file"))
        if target.stat().st_size > MOST_IMAGE_BYTES:
            raise TemplateImageRefused(found=path, place=place, why=mark_text("the file is too large"))
        try:
            with Image.open(target) as image:
                pixels = image.width * image.height
        except (OSError, Image.DecompressionBombError, ValueError, SyntaxError) as err:
            raise TemplateImageRefused(found=path, place=place, why=mark_text("it is not a readable image")) from err
        if pixels > MOST_IMAGE_PIXELS:
            raise TemplateImageRefused(found=path, place=place, why=mark_text("the image is too large"))
        return target.read_bytes()
