"""Why a card was refused: a layout that cannot be printed, a card file that cannot be read, a text without a font."""

from models.errors import InputRefused, mark_text


class CardRefused(InputRefused):
    """A card that cannot be laid out as asked."""

    code = "card.refused"
    sentence = mark_text("This card cannot be laid out as asked.")
    remedy = mark_text("Change the card of the paper and build it again.")


class CardDoesNotFit(CardRefused):
    """The contents need more room than the sides have."""

    code = "card.does_not_fit"
    sentence = mark_text(
        "The card does not fit on {sides} side(s): from {what} on there is no room left; about {missing_mm} mm of "
        "column height are missing."
    )
    remedy = mark_text(
        "Print on both sides, take a larger sheet or more columns, or lower height_mm of the written items or the rows "
        "of an essay grid."
    )


class BlockTooHigh(CardRefused):
    """One thing that cannot be split is higher than a whole column."""

    code = "card.too_high"
    sentence = mark_text("{what} needs {needed_mm} mm of height, but a whole column has only {column_mm} mm.")
    remedy = mark_text("Take a larger sheet.")


class BoxTooLow(CardRefused):
    """An answer box is too low to be used."""

    code = "card.too_low"
    sentence = mark_text("The box of item {item} is {height_mm} mm high, but needs at least {least_mm} mm.")
    remedy = mark_text("Raise height_mm of that item.")


class GridTooWide(CardRefused):
    """An essay grid is wider than its column."""

    code = "card.grid_too_wide"
    sentence = mark_text(
        "The grid of item {item} is {grid_mm} mm wide ({columns} squares of {cell_mm} mm), but its column has only "
        "{column_mm} mm."
    )
    remedy = mark_text("Lower grid.columns or grid.cell_mm of that item, use fewer columns, or take a larger sheet.")


class NumberTooWide(CardRefused):
    """The candidate number's grid is wider than its column."""

    code = "card.number_too_wide"
    sentence = mark_text(
        "A candidate number of {digits} digits needs {needed_mm} mm, but a column has only {column_mm} mm."
    )
    remedy = mark_text("Use fewer columns, take a larger sheet, or use number: barcode.")


class OptionsTooWide(CardRefused):
    """An item's options do not fit side by side."""

    code = "card.options_too_wide"
    sentence = mark_text(
        "Item {item} has {options} options, which need {needed_mm} mm, but a column has only {column_mm} mm."
    )
    remedy = mark_text("Use fewer columns or options, or take a larger sheet.")


class ColumnTooNarrow(CardRefused):
    """The columns are too narrow for the header."""

    code = "card.column_too_narrow"
    sentence = mark_text(
        "{columns} column(s) on a sheet {page_mm} mm wide leave {column_mm} mm each; a card needs {least_mm} mm."
    )
    remedy = mark_text("Use fewer columns or take a wider sheet.")


class SheetRefused(CardRefused):
    """The sheet is of a size that cannot carry a card."""

    code = "card.sheet_size"
    sentence = mark_text("A sheet of {width_mm} × {height_mm} mm cannot carry a card.")
    remedy = mark_text("Use A4, A3 or 8K, or a size of at least 100 mm and at most 600 mm each way.")


class SidesRefused(CardRefused):
    """The number of sides is not one that a sheet has."""

    code = "card.sides"
    sentence = mark_text("A card has 1 or 2 sides, not {sides}.")
    remedy = mark_text("Write sides: 1 or sides: 2.")


class NumberDigitsRefused(CardRefused):
    """The candidate number is too short or too long for a card."""

    code = "card.digits"
    sentence = mark_text("A candidate number on a card has 1 to 20 digits, not {digits}.")
    remedy = mark_text("Correct candidate_number.digits.")


class CardGeometryWrong(CardRefused):
    """The finished drawing breaks a rule that reading depends on."""

    code = "card.geometry"
    sentence = mark_text("The card's geometry is not usable: {complaints}")
    remedy = mark_text("Move or resize what is named.")


class CardInvalid(InputRefused):
    """A card file that is not one, or not a usable one."""

    code = "card.invalid"
    sentence = mark_text("The card file {file} cannot be used: {complaints}")
    remedy = mark_text("Correct the places named, or build the card again.")


class NoFont(InputRefused):
    """No usable Chinese font was found."""

    code = "card.no_font"
    sentence = mark_text("No usable Chinese font was found; looked for: {places}.")
    remedy = mark_text("Install the package fonts-wqy-zenhei, or set KAIYUE_FONT to a TrueType font file with Chinese.")


class FontUnusable(InputRefused):
    """The configured font cannot be embedded."""

    code = "card.font_unusable"
    sentence = mark_text("The font {file} cannot be used: {why}.")
    remedy = mark_text("Set KAIYUE_FONT to a TrueType font (glyf outlines) with Chinese, or leave it unset.")


class Unprintable(InputRefused):
    """Characters that no font at hand can print; they would silently be missing from the paper."""

    code = "card.unprintable"
    sentence = mark_text("No font at hand can print {characters} in “{text}”.")
    remedy = mark_text("Set KAIYUE_FONT to a font with these characters, or write the text with others.")


class NumberDoesNotFit(InputRefused):
    """A candidate number that the number grid cannot carry."""

    code = "card.number_grid"
    sentence = mark_text("The candidate number “{number}” cannot be filled into the grid of {digits} digits.")
    remedy = mark_text("Correct the number in the roster; it must have as many digits as the exam says.")


class BarcodeRefused(InputRefused):
    """A candidate number that the barcode cannot carry."""

    code = "card.barcode"
    sentence = mark_text("The candidate number “{number}” cannot be printed as a barcode: {why}.")
    remedy = mark_text("Correct the number in the roster, or widen the barcode place.")
