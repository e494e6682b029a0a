"""What the shells of scanning need to know of one paper: its definition, its stored cards, the ids of its items."""

from dataclasses import dataclass, field

from models.paper import Paper
from scanning.cards.template import CardTemplate


@dataclass(frozen=True, slots=True)
class ScanContext:
    """One paper as scanning sees it. `cards` are the stored versions by row id, the newest last."""

    paper_id: int
    exam_id: int
    paper: Paper
    cards: dict[int, CardTemplate]
    item_ids: dict[str, int] = field(default_factory=dict)

    @property
    def sides_of_card(self) -> dict[int, int]:
        """How many sides each version of the card has."""
        return {card_id: len(card.pages) for card_id, card in self.cards.items()}

    def item_no(self, printed: str, variant: str) -> str:
        """The id (variant A's no) of what is printed as `printed` on a card of `variant`."""
        for each in self.paper.variants:
            if each.id == variant:
                return dict(each.order).get(printed, printed)
        return printed
