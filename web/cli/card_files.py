"""Writing the files of a card into a folder, for every command that makes one."""

from pathlib import Path

from models.errors import InputRefused, mark_text


class CannotWriteCard(InputRefused):
    """The output folder cannot be written to."""

    code = "card.cannot_write"
    sentence = mark_text("The folder {folder} cannot be written to: {why}.")
    remedy = mark_text("Choose another folder with --out.")


def write_card_files(out: str, files: dict[str, bytes]) -> list[str]:
    """Write files by their names into the folder, made if need be; answers their paths. Raises CannotWriteCard."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise CannotWriteCard(folder=out, why=error.strerror or str(error)) from error
    return [str(folder / name) for name in files]
