"""From a score to the probability that the image matches the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mirada.types import Calibration, Matrix


def confidence(
    scores: NDArray[np.float32], image_vectors: Matrix, calibration: Calibration
) -> NDArray[np.float32]:
    """Probability in [0, 1] that each image matches the text that was searched for.

    A logistic (Platt, 1999) of `margin`, so that an image near to every text ("hub") is not
    taken for a match. For one image it rises with the score.

    Args:
        scores: (n,) cosines of one text with n images.
        image_vectors: (n, dim) vectors of the same images.
        calibration: fitted for the encoder that made them.
    """
    logit = calibration.scale * margin(scores, image_vectors, calibration) + calibration.offset
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -60, 60))), dtype=np.float32)


def margin(
    scores: NDArray[np.float32], image_vectors: Matrix, calibration: Calibration
) -> NDArray[np.float32]:
    """(n,) how far each score lies above the soft maximum of the image with the distractors.

    The soft maximum is the logarithm of the mean exponential at the calibration's temperature.
    """
    against = image_vectors @ calibration.distractors.T / calibration.temperature  # (n, d)
    top = against.max(axis=1, keepdims=True)
    soft = top[:, 0] + np.log(np.exp(against - top).mean(axis=1))
    return np.asarray(scores - calibration.temperature * soft, dtype=np.float32)
