"""One random sheet side, drawn, scanned, read and compared: the unit of every accuracy measurement.

In:  a CardPrint, profiles, a seed. Out: the side as drawn and what comparing it with the reading found.
What is chosen is random and covers every label; what it is worth does not matter here.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from zlib import crc32

import numpy as np

from models.words import FieldKind
from samples.compare import Comparison, compare_page, rows_from_reading
from samples.draw import DrawnSide, SheetWish, draw_side, plain_number
from samples.hand import HandMix, Manner, SideIntent, Writing
from samples.other_draw import draw_other_side
from samples.prints import CardPrint
from samples.scan_plan import ScanProfile
from samples.strangers import Stranger, draw_stranger, no_side
from samples.truth import PageTruth
from scanning.cards.template import CardPage
from scanning.reading.result import PageReading


class OtherProfile(StrEnum):
    """Hands, inks and devices that the others do not have (samples/other_hands.py, samples/other_plan.py)."""

    OTHERS = "others"


Profile = ScanProfile | OtherProfile
MIX_OF = {
    ScanProfile.CLEAN: HandMix.PLAIN,
    ScanProfile.OFFICE: HandMix.MIXED,
    ScanProfile.HARSH: HandMix.MIXED,
    ScanProfile.PHONE: HandMix.MIXED,
}
_BLANK = 0.02  # of single items; a reader must not invent an answer


@dataclass(frozen=True, slots=True)
class Trial:
    """Which card, side, profile and seed; `side` counts from 1. A `stranger` is read with a card that it is not."""

    layout: str
    side: int
    profile: Profile
    seed: int
    stranger: Stranger | None = None

    @property
    def name(self) -> str:
        """A name that finds the same image again."""
        name = f"{self.profile}-{self.layout}-{self.side}-{self.seed}"
        return f"{name}-{self.stranger}" if self.stranger else name


def profile_names() -> tuple[str, ...]:
    """Every profile, from the mildest scanner to strange hands on strange devices."""
    return (*ScanProfile, *OtherProfile)


def profile_named(name: str) -> Profile:
    """The profile of this name. Raises ValueError when there is none."""
    return OtherProfile(name) if name in list(OtherProfile) else ScanProfile(name)


def trial_named(name: str) -> Trial:
    """The trial that a finding names. Raises ValueError when it names none."""
    profile, _, rest = name.partition("-")
    last = rest.rpartition("-")[2]
    stranger = Stranger(last) if not last.isdigit() else None
    layout, side, seed = rest.removesuffix(f"-{last}" if stranger else "").rsplit("-", 2)
    return Trial(layout, int(side), profile_named(profile), int(seed), stranger)


def random_stranger(trial: Trial, card: CardPrint) -> DrawnSide:
    """Draw and scan what is no side of the trial's card; `card` is what cards are drawn from: another one."""
    if trial.stranger in (Stranger.OTHER_CARD, Stranger.OTHER_VERSION):
        side = min(trial.side, len(card.template.pages))
        return no_side(random_side(card, replace(trial, side=side)), trial.stranger)
    profile = trial.profile if isinstance(trial.profile, ScanProfile) else ScanProfile.HARSH
    rng = np.random.default_rng([trial.seed, crc32(trial.name.encode()), 31])
    return draw_stranger(Stranger(trial.stranger or Stranger.BLANK), profile, rng)


def random_side(card: CardPrint, trial: Trial) -> DrawnSide:
    """Draw and scan the side of this trial; the same trial gives the same bytes."""
    page = card.template.page(trial.side)
    key = (trial.seed, crc32(f"{trial.profile}/{trial.layout}".encode()), trial.side)
    rng = np.random.default_rng([*key, 11])
    number, choices = choices_of(page, rng)
    manners: tuple[Manner, ...] = ("short", "steps", "text")
    writings = tuple(
        Writing(one.id, one.part, manners[int(rng.integers(3))], float(rng.uniform(0, 1)), bool(rng.random() < 0.1))
        for one in page.regions
    )
    barcode = number if rng.random() < 0.9 else ""
    wish = SheetWish(plain_number(number), barcode=barcode, identity=number)
    intent = SideIntent(choices, writings)
    if isinstance(trial.profile, OtherProfile):
        return draw_other_side(card, page, intent, wish, seed=(*key, 12))
    return draw_side(
        card,
        page,
        intent,
        wish,
        mix=MIX_OF[trial.profile],
        profile=trial.profile,
        seed=(*key, 12),
    )


def choices_of(page: CardPage, rng: np.random.Generator) -> tuple[str, dict[str, tuple[tuple[int, str], ...]]]:
    """A random number and random answers for every field of a side."""
    choices: dict[str, tuple[tuple[int, str], ...]] = {}
    number = ""
    for card_field in page.fields:
        labels = [bubble.label for bubble in card_field.bubbles]
        if card_field.kind is FieldKind.DIGITS:
            number = "".join(str(digit) for digit in rng.integers(0, 10, max(card_field.columns, 1)))
            choices[card_field.id] = tuple(enumerate(number))
        elif card_field.kind is FieldKind.FLAG:
            choices[card_field.id] = ((0, labels[0]),) if rng.random() < 0.02 else ()
        elif card_field.kind is FieldKind.MULTIPLE:
            choices[card_field.id] = tuple((0, label) for label in labels if rng.random() < 0.45)
        elif rng.random() >= _BLANK:
            choices[card_field.id] = ((0, labels[int(rng.integers(len(labels)))]),)
    return number, choices


def judge(trial: Trial, drawn: DrawnSide, reading: PageReading) -> Comparison:
    """Compare one reading with the truth; findings carry the trial's name as their file."""
    truth = drawn.truth
    rows = rows_from_reading(trial.name, 1, reading)
    return compare_page(_named(truth, trial.name), rows)


def _named(truth: PageTruth, name: str) -> PageTruth:
    return replace(truth, file=name, page=1)
