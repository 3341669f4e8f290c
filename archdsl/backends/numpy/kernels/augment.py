"""Other views of the same images, in training only."""

from __future__ import annotations

import numpy as np

from archdsl.backends.numpy.kernels.array import Array, Gradients, Pullback, Size

TRIES = 10


def random_flip(
    x: Array, *, p: float = 0.5, axis: int = 3, train: bool = False, rng: np.random.Generator | None = None
) -> tuple[Array, Pullback]:
    """In training, mirror each image with probability p: along axis 3 left and right change places."""
    if not train:
        return x, lambda dy: (dy, {})
    assert rng is not None, "random_flip in training draws numbers"
    return flipped(x, rng.random(len(x)) < p, axis)


def flipped(x: Array, chosen: Array, axis: int) -> tuple[Array, Pullback]:
    """The chosen images [N] mirrored along an axis, the others as they are."""

    def mirrored(images: Array) -> Array:
        return np.where(chosen[:, None, None, None], np.flip(images, axis), images)

    return mirrored(x), lambda dy: (mirrored(dy), {})


def random_crop(
    x: Array, *, padding: Size = 4, train: bool = False, rng: np.random.Generator | None = None
) -> tuple[Array, Pullback]:
    """In training, pad each image by zeros and cut out a window of the old size anywhere."""
    if not train:
        return x, lambda dy: (dy, {})
    assert rng is not None, "random_crop in training draws numbers"
    rows, columns = (padding, padding) if isinstance(padding, int) else padding
    tops, lefts = rng.integers(0, 2 * rows + 1, len(x)), rng.integers(0, 2 * columns + 1, len(x))
    return shifted(x, tops - rows, lefts - columns)


def shifted(x: Array, down: Array, right: Array) -> tuple[Array, Pullback]:
    """Each image read so many rows and columns [N] further on, zeros outside of it."""
    y = np.zeros_like(x)
    height, width = x.shape[2:]
    windows = [
        (image, *_overlap(height, top), *_overlap(width, left))
        for image, (top, left) in enumerate(zip(down.tolist(), right.tolist(), strict=True))
    ]
    for image, above, below, before, behind in windows:
        y[image, :, above, before] = x[image, :, below, behind]

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dx = np.zeros_like(dy)
        for image, above, below, before, behind in windows:
            dx[image, :, below, behind] = dy[image, :, above, before]
        return dx, {}

    return y, pullback


def _overlap(size: int, start: int) -> tuple[slice, slice]:
    """Where a window that starts elsewhere meets what it looks at: in the window, and in what is looked at."""
    first, last = max(0, min(size, start)), min(size, max(0, size + start))
    return slice(first - start, last - start), slice(first, last)


def random_resized_crop(
    x: Array,
    *,
    scale: float | tuple[float, float] = (0.08, 1.0),
    ratio: float | tuple[float, float] = (0.75, 1.3333),
    train: bool = False,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Pullback]:
    """In training, enlarge a random part of each image to the size of the whole.

    Its area is drawn from `scale`, its width by height from `ratio`; one number stands for both ends of a range.
    """
    if not train:
        return x, lambda dy: (dy, {})
    assert rng is not None, "random_resized_crop in training draws numbers"
    areas, ratios = rng.random((2, len(x), TRIES))
    heights, widths = parts(x.shape[2], x.shape[3], areas, ratios, _ends(scale), _ends(ratio))
    tops = np.floor(rng.random(len(x)) * (x.shape[2] - heights + 1))
    lefts = np.floor(rng.random(len(x)) * (x.shape[3] - widths + 1))
    return enlarged(x, tops, lefts, heights, widths)


def _ends(numbers: float | tuple[float, float]) -> tuple[float, float]:
    return (numbers, numbers) if isinstance(numbers, float) else numbers


def parts(
    height: int, width: int, areas: Array, ratios: Array, scale: tuple[float, float], ratio: tuple[float, float]
) -> tuple[Array, Array]:
    """Heights and widths [N] of parts of an image: the first of several tries [N, K] that fits.

    Tries are numbers from 0 to 1, placed between the ends of the ranges. Where none fits, the part is the largest of
    the ratio that is nearest to the image's.
    """
    chosen_areas = height * width * (scale[0] + (scale[1] - scale[0]) * areas)
    chosen_ratios = ratio[0] * (ratio[1] / ratio[0]) ** ratios
    heights = np.round(np.sqrt(chosen_areas / chosen_ratios))
    widths = np.round(np.sqrt(chosen_areas * chosen_ratios))
    fits = (heights >= 1) & (heights <= height) & (widths >= 1) & (widths <= width)
    first = np.argmax(fits, axis=1)[:, None]
    tallest = max(1, min(height, round(width / ratio[0])))
    widest = max(1, min(width, round(height * ratio[1])))
    found = fits.any(axis=1)
    return (
        np.where(found, np.take_along_axis(heights, first, 1)[:, 0], tallest),
        np.where(found, np.take_along_axis(widths, first, 1)[:, 0], widest),
    )


def enlarged(x: Array, tops: Array, lefts: Array, heights: Array, widths: Array) -> tuple[Array, Pullback]:
    """A part of each image enlarged to the size of the whole; the part's pixels are all that is seen of the image."""
    rows, back_rows = _stretched(x, tops, heights, 2)
    y, back_columns = _stretched(rows, lefts, widths, 3)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        return back_rows(back_columns(dy)[0])[0], {}

    return y, pullback


def _stretched(x: Array, starts: Array, sizes: Array, axis: int) -> tuple[Array, Pullback]:
    """A stretch of each image along an axis, made as long as the whole, linearly between neighbours."""
    length = x.shape[axis]
    steps = (np.arange(length) + 0.5) * (sizes / length)[:, None] - 0.5
    places = starts[:, None] + np.clip(steps, 0, (sizes - 1)[:, None])
    low = np.floor(places).astype(np.int64)
    share = _along(axis, (places - low).astype(x.dtype))
    images = np.arange(len(x))[:, None]
    near, far = (images, low), (images, np.minimum(low + 1, length - 1))
    turned = x.swapaxes(1, axis)
    y = (1 - share) * turned[near].swapaxes(1, axis) + share * turned[far].swapaxes(1, axis)

    def pullback(dy: Array) -> tuple[Array, Gradients]:
        dturned = np.zeros_like(dy).swapaxes(1, axis)
        np.add.at(dturned, near, ((1 - share) * dy).swapaxes(1, axis))
        np.add.at(dturned, far, (share * dy).swapaxes(1, axis))
        return dturned.swapaxes(1, axis), {}

    return y, pullback


def _along(axis: int, numbers: Array) -> Array:
    """Numbers [N, L] as a factor for images: [N, 1, L, 1] or [N, 1, 1, L]."""
    return numbers[:, None, :, None] if axis == 2 else numbers[:, None, None, :]
