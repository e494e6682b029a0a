"""What a person should know about an imported card."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that did not come along as it was. `needs_person` when the card may read worse for it."""

    place: str
    text: str
    needs_person: bool
