"""Match an image to the reference page of a foreign card by its features.

In:  a grey image, uint8 (h, w); the reference page, uint8 (rh, rw).
Out: where the reference's corners lie on the image, float64 (4, 2) in px, clockwise from the reference's
     own top left, or None when too few features agree, or agree only in a mirror. The orientation comes along for free.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from scanning.page.outline import Quad

WORK_SIDE_PX = 1_200
MOST_FEATURES = 3_000
LEAST_INLIERS = 25  # four fix a homography; chance agreement of ORB matches stays below ten
RATIO = 0.8  # a match counts when it is clearly better than the second best


def find_reference(grey: NDArray[np.uint8], reference: NDArray[np.uint8]) -> Quad | None:
    """The reference's corners on the image, or None."""
    image, image_scale = _reduced(grey)
    model, _model_scale = _reduced(reference)
    detector = cv2.ORB.create(MOST_FEATURES, fastThreshold=10)
    image_points, image_words = detector.detectAndCompute(image, None)
    model_points, model_words = detector.detectAndCompute(model, None)
    if image_words is None or model_words is None or len(image_points) < 2 or len(model_points) < 2:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(image_words, model_words, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
    if len(good) < LEAST_INLIERS:
        return None
    on_image = np.array([image_points[match.queryIdx].pt for match in good], dtype=np.float64)
    on_model = np.array([model_points[match.trainIdx].pt for match in good], dtype=np.float64)
    cv2.setRNGSeed(1)  # the same page gives the same fit, whatever was read before
    matrix, inliers = cv2.findHomography(on_model, on_image, cv2.RANSAC, 4.0, maxIters=5_000)
    if matrix is None or int(inliers.sum()) < LEAST_INLIERS:
        return None
    height, width = model.shape
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64) - 0.5
    on_small = cv2.perspectiveTransform(corners[None], matrix)[0]
    flat = on_small.astype(np.float32)
    if not cv2.isContourConvex(flat) or cv2.contourArea(flat, oriented=True) < 0:
        return None  # folded, or a mirror image: rings look the same from behind
    return np.asarray((on_small + 0.5) / image_scale - 0.5, dtype=np.float64)


def _reduced(image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    scale = min(1.0, WORK_SIDE_PX / max(image.shape))
    if scale < 1:
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return image, scale
