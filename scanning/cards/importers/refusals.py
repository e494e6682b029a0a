"""Why somebody else's card template is refused: a code, the place in the file, and what to do."""

from models.errors import InputRefused, mark_text


class TemplateUnreadable(InputRefused):
    """The file is not a JSON object at all."""

    code = "card.import.unreadable"
    sentence = mark_text("{file} is not a template: {why}.")
    remedy = mark_text("Give the template.json of an OMRChecker folder.")


class TemplateRefused(InputRefused):
    """One key of the template is missing or makes no sense; `place` is its path inside the file."""

    code = "card.import.key"
    sentence = mark_text("The template is refused at {place}: {why} (found: {found}).")
    remedy = mark_text("Correct that entry of the template and import it again.")


class TemplateTooLarge(InputRefused):
    """The template asks for more than any printed sheet can hold."""

    code = "card.import.too_large"
    sentence = mark_text("The template is refused at {place}: it asks for {found}, and at most {most} are taken.")
    remedy = mark_text("Correct the counts in that entry of the template.")


class TemplateImageRefused(InputRefused):
    """A marker or reference image is missing, unreadable or outside the template's folder."""

    code = "card.import.image"
    sentence = mark_text("The image {found} named at {place} is refused: {why}.")
    remedy = mark_text("Put the image beside the template, name it by a plain relative path and import again.")


class BlankRefused(InputRefused):
    """The picture of a blank card cannot be opened."""

    code = "card.import.blank"
    sentence = mark_text("The blank card {name} is refused: {why} ({code}).")
    remedy = mark_text("Give one scan, photo or PDF of the empty card.")


class NothingFound(InputRefused):
    """There is nothing on the picture that could be filled in."""

    code = "card.import.nothing_found"
    sentence = mark_text("No bubbles were found on {name}.")
    remedy = mark_text("Give an empty card at 200 dpi or more, with bubbles printed as outlines or in brackets.")
