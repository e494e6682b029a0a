"""Find a foreign card's page on an image: paper, markers or features first, then the bubbles themselves.

In:  a grey image, uint8 (h, w), of any turn; a CardPage with an Anchoring.
Out: a Registration whose residual was measured on the bubbles, or the PageCode that says why there is none.

The anchors only propose where the page may lie. Every proposal is bent onto the printed bubbles
(bubble_fit.py) and judged by them: by how many show themselves at their places, and by how clearly this
lock beats the same template laid one row or column further. A page that several locks fit alike is
refused unless precise anchors stand against the others: no value is read through a guess.

Some cards look the same when turned or mirrored, but for their letters. Where the letters do not stand upright for
certain, every other way of laying the page is tried; what fits as well is told apart by the letters, and where they
do not tell either, every value waits for a person.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import mark_text
from models.geometry import Homography
from models.words import PageCode
from scanning.cards.template import Anchoring, CardPage
from scanning.page.bubble_fit import BubbleFit, agreement_with, fit_bubbles
from scanning.page.bubble_print import scale_at
from scanning.page.features import find_reference
from scanning.page.fit import Registration
from scanning.page.image import Refusal
from scanning.page.lettering import look_at_letters
from scanning.page.markers import find_marker_quads
from scanning.page.outline import Quad, find_outlines

NEAR_SIZES = 4.0  # bubbles further apart than this many of their own sizes are no neighbours


@dataclass(frozen=True, slots=True)
class AnchorOptions:
    """When a fit counts. Supports are correlations with the page's own bubble print, 0..1."""

    good_support: float = 0.6  # median; found at once on legible pages, further proposals are then not tried
    least_support: float = 0.45  # median; other print under the same grid reaches 0.3
    most_low: float = 0.06  # share of bubbles missing: a scribbled row is fine, a part of the page is not
    good_low: float = 0.03
    unseen: float = 0.6  # share of the median below which a bubble is covered or cut: edges of a cover give 0.5
    most_loose: float = 0.2  # share of bubbles in doubtful blocks; beyond it the other blocks lean on them
    clear_margin: float = 0.8  # bubbles that the next lock lacks more; a heading of four letters gives 1, no row 3
    clear_share: float = 0.3  # and this share of what this lock misses: a page cut off at a row's height tells little
    precise_shift: float = 0.3  # pitches; markers and features are exact to a third of a row
    nearest: float = 0.6  # of their usual distance that neighbours must keep; a row that slipped leaves a tenth
    farthest: float = 1.6
    most_left: float = 0.25  # pitches between bubble and map, 95th percentile; beyond it neighbours mix
    letters_upright: float = 0.3  # likeness to their labels; labels that are not printed reach 0.15
    letters_clear: float = 0.1  # and so much above any other way to lay them, which reaches 0.7 of it
    letters_against: float = 0.3  # turned or mirrored letters that contradict even features
    letters_least: float = 0.2  # letters of four pixels reach this; then their other ways must be as far below
    as_well: float = 0.7  # of the agreement of the best fit: a way that has less of it will not fit
    squeezed: float = 1.5  # a page that would have to be stretched by more lies another way round
    alike_bubbles: float = 3.0  # a way that misses so many more, and this share of all, is another card
    alike_share: float = 0.03


@dataclass(frozen=True, slots=True, eq=False)
class _Proposal:
    """Page corners on the image, from the card's top left round by its top right, and whether they are exact.

    Clockwise, unless the page is `mirrored`. `oriented` says that they come from the page's own print.
    """

    quad: Quad
    turned_deg: int
    precise: bool
    mirrored: bool = False
    oriented: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A fit that is good enough, and how much its letters look like their labels."""

    fit: BubbleFit
    proposal: _Proposal
    upright: float


def register_anchored(
    image: NDArray[np.uint8], page: CardPage, options: AnchorOptions | None = None
) -> Registration | Refusal:
    """Find the page and fit it. UNREGISTERED when nothing like it is there, POOR_FIT when it fits badly."""
    chosen = options or AnchorOptions()
    if page.anchoring is None or not any(field.bubbles for field in page.fields):
        return Refusal(PageCode.UNREGISTERED)
    best: tuple[float, BubbleFit, _Proposal] | None = None
    seen_badly = False
    proposals = _Proposals(image, page, page.anchoring)
    for proposal in proposals.upright():
        fit = fit_bubbles(image, page, _map_of(page, proposal.quad))
        if fit is None:
            continue
        median, low = float(np.median(fit.support)), fit.loss / fit.support.size
        if not _is_acceptable(fit, page, proposal.precise, chosen):
            seen_badly = seen_badly or median >= chosen.least_support
            continue
        score = median - low
        if best is None or score > best[0]:
            best = (score, fit, proposal)
        if median >= chosen.good_support and low <= chosen.good_low and _told_apart(fit, chosen):
            break
    if best is None:
        return Refusal(PageCode.POOR_FIT if seen_badly else PageCode.UNREGISTERED)
    letters = look_at_letters(image, page, best[1].map)
    first = _Candidate(best[1], best[2], letters.upright)
    ahead = letters.upright - letters.otherwise
    against = letters.otherwise >= chosen.letters_against and -ahead >= chosen.letters_clear
    clear = letters.upright >= chosen.letters_upright and ahead >= chosen.letters_clear
    if clear or (first.proposal.oriented and not against):
        return _registration(page, first, chosen, sure=True)
    return _in_other_ways(image, page, first, proposals, chosen)


def _in_other_ways(
    image: NDArray[np.uint8], page: CardPage, first: _Candidate, proposals: "_Proposals", options: AnchorOptions
) -> Registration | Refusal:
    """Lay the page in every other way, and see whether the first is the only one, or else what the letters say."""
    own = agreement_with(image, page, _map_of(page, first.proposal.quad), first.fit.print)
    found = {(first.proposal.turned_deg, first.proposal.mirrored): first}
    for other in proposals.all_ways():
        way = (other.turned_deg, other.mirrored)
        if way == (first.proposal.turned_deg, first.proposal.mirrored):
            continue
        if _squeeze(page, other.quad) > options.squeezed:
            continue
        coarse = _map_of(page, other.quad)
        if agreement_with(image, page, coarse, first.fit.print) < options.as_well * own:
            continue
        fit = fit_bubbles(image, page, coarse)
        if fit is None or not _is_acceptable(fit, page, other.precise, options):
            continue
        if way not in found or fit.loss < found[way].fit.loss:
            found[way] = _Candidate(fit, other, look_at_letters(image, page, fit.map).upright)
    least = min(one.fit.loss for one in found.values())
    enough = max(options.alike_bubbles, options.alike_share * first.fit.support.size)
    alike = sorted((one for one in found.values() if one.fit.loss < least + enough), key=lambda one: -one.upright)
    best = alike[0]
    told = len(alike) == 1 or (
        best.upright >= options.letters_least and best.upright - alike[1].upright >= options.letters_clear
    )
    if best.proposal.mirrored and told:
        return Refusal(PageCode.POOR_FIT, mark_text("the page is a mirror image"))
    if not told:
        best = min((one for one in alike if not one.proposal.mirrored), key=lambda one: one.fit.loss, default=first)
    return _registration(page, best, options, sure=told)


def _squeeze(page: CardPage, quad: Quad) -> float:
    """By how much a page would be stretched in one direction against the other, from 1."""
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    stretch = (sides[0] + sides[2]) / (sides[1] + sides[3]) * page.size.height_mm / page.size.width_mm
    return float(max(stretch, 1 / stretch))


def _is_acceptable(fit: BubbleFit, page: CardPage, precise: bool, options: AnchorOptions) -> bool:
    median, low = float(np.median(fit.support)), fit.loss / fit.support.size
    return _acceptable(fit, median, low, precise, options) and not _is_torn(fit, page, options)


def _told_apart(fit: BubbleFit, options: AnchorOptions) -> bool:
    """Whether no neighbouring lock fits about as well."""
    return fit.margin >= max(options.clear_margin, options.clear_share * fit.loss)


def _acceptable(fit: BubbleFit, median: float, low: float, precise: bool, options: AnchorOptions) -> bool:
    if median < options.least_support or low > options.most_low:
        return False
    stays = max(abs(shift) for shift in fit.shift_pitches) <= options.precise_shift
    if float(np.mean(fit.faded)) > options.most_loose and not (precise and stays):
        return False
    told_apart = _told_apart(fit, options) or (precise and stays and fit.margin > 0)
    left = fit.left_mm[np.isfinite(fit.left_mm)]
    return bool(told_apart and left.size and np.percentile(left, 95) <= options.most_left * fit.pitch_mm)


def _is_torn(fit: BubbleFit, page: CardPage, options: AnchorOptions) -> bool:
    """Whether neighbouring bubbles were put onto one another, or a row apart.

    A part of a block that is a row off shows a bubble at every place, and at one place two rows share the same print.
    Bent paper brings rows a little nearer to each other; only a slip brings them together.
    """
    pairs = _neighbours(page)
    centers = np.array([[b.rect.center.x_mm, b.rect.center.y_mm] for one in page.fields for b in one.bubbles])
    fitted, straight = fit.map.apply(centers), fit.map.image_from_card.apply(centers)
    apart = np.hypot(*(fitted[pairs[:, 1]] - fitted[pairs[:, 0]]).T)
    expected = np.hypot(*(straight[pairs[:, 1]] - straight[pairs[:, 0]]).T)
    if not pairs.size:
        return False
    stretch = apart / np.maximum(expected, 1e-6)
    stretch /= max(float(np.median(stretch)), 1e-6)
    return bool((stretch < options.nearest).any() or (stretch > options.farthest).any())


def _neighbours(page: CardPage) -> NDArray[np.intp]:
    """Pairs of bubbles with nothing between them, intp (n, 2): each with its next to the right and its next below."""
    rects = [b.rect for one in page.fields for b in one.bubbles]
    centers = np.array([[r.center.x_mm, r.center.y_mm] for r in rects])
    size = np.array([[r.width_mm, r.height_mm] for r in rects])
    away = centers[None, :, :] - centers[:, None, :]
    pairs = []
    for axis in (0, 1):
        across = np.abs(away[..., 1 - axis]) < 0.5 * size[:, None, 1 - axis]
        along = np.where((away[..., axis] > 0.5 * size[:, None, axis]) & across, away[..., axis], np.inf)
        nearest = along.argmin(axis=1)
        near = along[np.arange(len(rects)), nearest] < NEAR_SIZES * size.max(axis=1)
        pairs.append(np.column_stack([np.flatnonzero(near), nearest[near]]))
    return np.concatenate(pairs).astype(np.intp)


class _Proposals:
    """Where the page may lie: outlines and markers are looked for once."""

    def __init__(self, image: NDArray[np.uint8], page: CardPage, anchoring: Anchoring) -> None:
        self._image, self._page, self._anchoring = image, page, anchoring

    def upright(self) -> Iterator[_Proposal]:
        """Likeliest first; upright before turned, since most pages are; never mirrored."""
        if "features" in self._anchoring.steps:
            corners = find_reference(self._image, _picture(self._anchoring.reference_png))
            if corners is not None:
                yield _Proposal(corners, _turn_of(corners), precise=True, oriented=True)
        for turn in (0, 2, 1, 3):
            for quad in self._quads:
                yield _Proposal(np.roll(quad, -turn, axis=0), 90 * turn, self._precise)

    def all_ways(self) -> Iterator[_Proposal]:
        """Every quadrilateral in all eight ways; a mirrored page has its upper corners exchanged, and its lower."""
        for quad in self._quads:
            for turn in range(4):
                corners = np.roll(quad, -turn, axis=0)
                yield _Proposal(corners, 90 * turn, self._precise)
                yield _Proposal(corners[[1, 0, 3, 2]], 90 * turn, self._precise, mirrored=True)

    @property
    def _precise(self) -> bool:
        return "markers" in self._anchoring.steps

    @cached_property
    def _quads(self) -> list[Quad]:
        outlines = find_outlines(self._image)
        if self._precise:
            widths = _marker_widths(self._image, self._page, outlines)
            return find_marker_quads(self._image, _picture(self._anchoring.marker_png), widths)
        if "outline" not in self._anchoring.steps:
            return [outlines[-1], *outlines[:-1]]
        return outlines


def _marker_widths(image: NDArray[np.uint8], page: CardPage, outlines: list[Quad]) -> tuple[float, float]:
    """From the smallest to the largest width that a marker may have on this image, in px.

    The template gives the marker's share of a sheet's width. The sheet is the outline that was found,
    or the image; the markers' rectangle is a part of it, and templates are rarely exact here.
    """
    share = page.anchoring.marker_width_mm / page.size.width_mm if page.anchoring else 0.0
    widths = [float(np.hypot(*(quad[1] - quad[0]))) for quad in (outlines[0], outlines[-1])]
    return max(6.0, 0.45 * share * min(widths)), 1.5 * share * max(widths)


@lru_cache(maxsize=8)
def _picture(png: str) -> NDArray[np.uint8]:
    """A grey image out of the card file. Raises ValueError for a damaged one."""
    pixels = np.frombuffer(base64.b64decode(png), dtype=np.uint8)
    image = cv2.imdecode(pixels, cv2.IMREAD_GRAYSCALE) if pixels.size else None
    if image is None:
        raise ValueError("the card's marker or reference image is damaged")
    return np.asarray(image, dtype=np.uint8)


def _map_of(page: CardPage, quad: Quad) -> Homography:
    """The map that takes the page's corners to these places."""
    width, height = page.size.width_mm, page.size.height_mm
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    return Homography(cv2.getPerspectiveTransform(corners, quad.astype(np.float32)).astype(np.float64))


def _turn_of(corners: Quad) -> int:
    """The right angle nearest to the direction of the page's upper edge."""
    across = corners[1] - corners[0]
    return round(float(np.degrees(np.arctan2(across[1], across[0]))) / 90) * 90 % 360


def _registration(page: CardPage, found: _Candidate, options: AnchorOptions, *, sure: bool) -> Registration:
    """Residual over the bubbles that showed themselves; skew from the page's upper edge.

    Unless it is sure which way the page lies, no bubble counts as seen.
    """
    fit, proposal = found.fit, found.proposal
    corners = proposal.quad
    middle_left, middle_right = (corners[0] + corners[3]) / 2, (corners[1] + corners[2]) / 2
    across = middle_right - middle_left
    angle = float(np.degrees(np.arctan2(across[1], across[0]))) - proposal.turned_deg
    left = fit.left_mm[np.isfinite(fit.left_mm)]
    center = np.array([page.size.width_mm / 2, page.size.height_mm / 2])
    return Registration(
        page=page,
        map=fit.map,
        residual_mm=float(np.percentile(left, 95)),
        evidence=int(left.size),
        px_per_mm=scale_at(fit.map.image_from_card, center),
        skew_deg=(angle + 180) % 360 - 180,
        turned_deg=proposal.turned_deg,
        unseen=(fit.support < options.unseen * float(np.median(fit.support))) | fit.faded | (not sure),
    )
