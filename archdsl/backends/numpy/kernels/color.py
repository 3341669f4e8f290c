"""Light and colours of images whose values lie between 0 and 1; and their normalization."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback

GREY = (0.299, 0.587, 0.114)


def color_jitter(
    x: Array,
    *,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
    train: bool = False,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Pullback]:
    """In training, change each image by factors from max(0, 1 - b) to 1 + b, and turn its hue by -hue to hue."""
    if not train:
        return x, lambda dy: (dy, {})
    assert rng is not None, "color_jitter in training draws numbers"
    coloured = x.shape[1] == 3
    strengths = ((brightened, brightness), (contrasted, contrast), (saturated, saturation * coloured))
    y, pullbacks = x, []
    for change, strength in strengths:
        if strength > 0:
            y, pullback = change(y, _drawn(rng, x, max(0.0, 1 - strength), 1 + strength))
            pullbacks.append(pullback)
    if hue > 0 and coloured:
        y, pullback = turned(y, _drawn(rng, x, -hue, hue))
        pullbacks.append(pullback)

    def back(dy: Array) -> tuple[Array, Gradients]:
        for pullback in reversed(pullbacks):
            dy = pullback(dy)[0]
        return dy, {}

    return y, back


def _drawn(rng: np.random.Generator, x: Array, low: float, high: float) -> Array:
    """A number for each image: [N, 1, 1, 1]."""
    return rng.uniform(low, high, (len(x), 1, 1, 1)).astype(x.dtype)


def brightened(x: Array, factor: Array) -> tuple[Array, Pullback]:
    """Mixed with black."""
    y, limit = _limited(factor * x)
    return y, lambda dy: (factor * limit(dy)[0], {})


def contrasted(x: Array, factor: Array) -> tuple[Array, Pullback]:
    """Mixed with the mean grey of the image."""
    y, limit = _limited(factor * x + (1 - factor) * _grey(x).mean((1, 2, 3), keepdims=True))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dy, _ = limit(dy)
        dmean = ((1 - factor) * dy).sum((1, 2, 3), keepdims=True) / (x.shape[2] * x.shape[3])
        return factor * dy + _shares(x) * dmean, {}

    return y, pullback


def saturated(x: Array, factor: Array) -> tuple[Array, Pullback]:
    """Mixed with the image's own grey version."""
    y, limit = _limited(factor * x + (1 - factor) * _grey(x))

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dy, _ = limit(dy)
        return factor * dy + _shares(x) * ((1 - factor) * dy).sum(1, keepdims=True), {}

    return y, pullback


def _shares(x: Array) -> Array:
    """What each channel adds to grey: [C, 1, 1]."""
    return np.array(GREY if x.shape[1] == 3 else (1.0,), x.dtype)[:, None, None]


def _grey(x: Array) -> Array:
    """[N, C, H, W] -> [N, 1, H, W]"""
    grey: Array = (_shares(x) * x).sum(1, keepdims=True)
    return grey


def _limited(x: Array) -> tuple[Array, Pullback]:
    """Cut off at 0 and 1; the gradient goes through where nothing is cut off."""
    inside = (x >= 0) & (x <= 1)
    return np.clip(x, 0, 1), lambda dy: (np.where(inside, dy, 0), {})


def turned(x: Array, share: Array) -> tuple[Array, Pullback]:
    """The hue turned by a share of the circle, lightness (the largest channel) and strength kept.

    The hue counts sixths of the circle from red. A channel is the largest one less the spread times a piecewise linear
    function of how far the hue is from the channel's own; the gradient is that of the piece.
    """
    high, low = x.argmax(1)[:, None], x.argmin(1)[:, None]
    largest = np.take_along_axis(x, high, 1)
    spread = largest - np.take_along_axis(x, low, 1)
    divisor = np.where(spread > 0, spread, 1)
    after, before = (high + 1) % 3, (high + 2) % 3
    lean = np.take_along_axis(x, after, 1) - np.take_along_axis(x, before, 1)
    own = np.array([5, 3, 1], x.dtype)[:, None, None]
    place = (own + 2 * high.astype(x.dtype) + lean / divisor + 6 * share) % 6
    lack = np.clip(np.minimum(place, 4 - place), 0, 1)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        slope = np.where((place >= 0) & (place <= 1), 1, np.where((place >= 3) & (place <= 4), -1, 0)).astype(x.dtype)
        dplace = -(dy * slope).sum(1, keepdims=True) * (spread > 0)  # spread / divisor is 1 where there is a hue
        dspread = -(dy * lack).sum(1, keepdims=True) - dplace * lean / divisor
        dx = np.zeros_like(x)
        rows = ((high, dy.sum(1, keepdims=True) + dspread), (low, -dspread), (after, dplace), (before, -dplace))
        for channel, slopes in rows:
            np.put_along_axis(dx, channel, np.take_along_axis(dx, channel, 1) + slopes, 1)
        return dx, {}

    return largest - spread * lack, pullback


def normalize(
    x: Array, *, mean: float | tuple[float, ...] = 0.0, std: float | tuple[float, ...] = 1.0
) -> tuple[Array, Pullback]:
    """(x - mean) / std, with one number or one for each channel."""
    middle, spread = (np.reshape(numbers, (-1, 1, 1)).astype(x.dtype) for numbers in (mean, std))
    return (x - middle) / spread, lambda dy: (dy / spread, {})
