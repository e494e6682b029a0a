"""What the bubbles of somebody else's card look like when empty, learnt from the page alone.

In:  darkness inside and around n bubbles, float32 (n, m) and (n, r), 0 = paper and 1 = black; which letter
     each shows, intp (n,); centres on the card, float64 (n, 2) in mm.
Out: the expected blank, float32 (n, m).

Our own cards print pale letters inside a known outline. A foreign card may print its rings and letters
black, lay grey stripes under whole columns, and give box sizes that take the outline in; so more print is
believed here, but only where most bubbles of the page agree on it.
"""

import numpy as np
from numpy.typing import NDArray

from scanning.reading.ink import LEARN_FROM, LEARN_QUANTILE, wider

Values = NDArray[np.float32]

MOST_COMMON = 0.45  # a black ring with a bold letter, photographed small; most bubbles of a page being ink is darker
LETTER_SHARE = 0.6  # a bold 8 is darker than a 1 by up to this share of the usual print
LETTER_LEAST = 0.06  # and by this much on any page, as on our own cards
STRIPE_MOST = 0.3  # a printed stripe is a light grey, or nobody could see marks on it
STRIPE_LEAST = 0.02  # below this it is uneven light
STRIPE_COLUMN_MM = 0.5  # bubbles of one printed column stand exactly under each other in the template
STRIPE_MEMBERS = 3


def expected_foreign_blank(
    inner: Values, ring: Values, letter: NDArray[np.intp], center_mm: NDArray[np.float64]
) -> Values:
    """Stripes under columns, plus each letter as the page shows it, plus the common face for rare letters."""
    stripe = _stripes(inner, ring, center_mm)[:, None]
    print_only = inner - stripe
    faces: dict[int, Values] = {}
    for one in range(int(letter.max()) + 1):
        mine = print_only[letter == one]
        if mine.shape[0] >= LEARN_FROM:
            faces[one] = _low(mine, LEARN_QUANTILE)
    everything = _low(print_only, LEARN_QUANTILE)
    levels = sorted(float(face.mean()) for face in faces.values()) or [float(everything.mean())]
    common = float(np.clip(levels[(len(levels) - 1) // 4], 0.0, MOST_COMMON))
    most = common + max(LETTER_LEAST, LETTER_SHARE * common)
    usual = wider(everything) if float(everything.mean()) <= most else np.full(inner.shape[1], common, np.float32)
    blank = np.tile(usual, (inner.shape[0], 1))
    for one, face in faces.items():
        if float(face.mean()) <= most:
            blank[letter == one] = wider(face)
    return np.asarray(blank + stripe, dtype=np.float32)


def _low(values: Values, share: float) -> Values:
    """At every place what so large a share of the bubbles does not reach, float32 (m,)."""
    rank = int(share * (values.shape[0] - 1))
    return np.asarray(np.partition(values, rank, axis=0)[rank], dtype=np.float32)


def _stripes(inner: Values, ring: Values, center_mm: NDArray[np.float64]) -> Values:
    """The grey printed under each bubble's whole column, float32 (n,); 0 where there is none.

    A stripe shows in the lightest part of the column's lightest bubbles, and around them as well: ink
    stays inside its bubble, so a column that many candidates' pencils filled is no stripe.
    """
    lightest = np.partition(inner, inner.shape[1] // 5, axis=1)[:, inner.shape[1] // 5]
    around = np.median(ring, axis=1)
    columns = np.round(center_mm[:, 0] / STRIPE_COLUMN_MM).astype(np.int64)
    stripes = np.zeros(inner.shape[0], dtype=np.float32)
    for column in np.unique(columns):
        mine = columns == column
        if np.count_nonzero(mine) < STRIPE_MEMBERS:
            continue
        inside = float(np.percentile(lightest[mine], 25))
        outside = float(np.median(around[mine]))
        grey = min(inside, 1.5 * outside, STRIPE_MOST)
        if grey > STRIPE_LEAST:
            stripes[mine] = grey
    return stripes
