"""Augmentation: given the numbers drawn, both backends do the same; and the draws are as they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from support.backends_agree import agree, halves
from support.kernels import agrees, close, differentiates, normal
from support.texts import LENET, RANDOM
from torch.nn import functional as F

import archdsl
from archdsl.backends.numpy import kernels
from archdsl.backends.numpy.kernels import augment, color
from archdsl.backends.torch.runtime.augment import ColorJitter, Normalize, RandomCrop, RandomFlip, RandomResizedCrop

torch.set_num_threads(1)


RESIZED = " -> random_resized_crop(scale=[0.5, 1.0])"


def images(channels: int = 3, count: int = 4, height: int = 7, width: int = 6) -> np.ndarray:
    return np.random.default_rng(channels).random((count, channels, height, width))


def same(name: str, torchs: Callable[..., Any], x: np.ndarray, *draws: np.ndarray, **options: Any) -> None:
    """A deterministic core, given what was drawn: value and gradient are those of torch's form."""
    core = getattr(augment, name, None) or getattr(color, name)

    def mine(x: np.ndarray) -> Any:
        return core(x, *(draw.astype(x.dtype) if draw.dtype.kind == "f" else draw for draw in draws), **options)

    def theirs(x: torch.Tensor) -> torch.Tensor:
        given = (torch.tensor(draw).to(x.dtype) if draw.dtype.kind == "f" else torch.tensor(draw) for draw in draws)
        return torchs(x, *given)

    agrees(mine, theirs, [x])
    differentiates(mine, [x])


# the same numbers drawn, the same images


@pytest.mark.parametrize("axis", [2, 3])
def test_flips(axis: int) -> None:
    chosen = np.array([True, False, True, False])
    same("flipped", RandomFlip(0.5, axis).flip, images(), chosen, axis=axis)
    y = augment.flipped(images(), chosen, axis)[0]
    np.testing.assert_array_equal(y[0], np.flip(images()[0], axis - 1))
    np.testing.assert_array_equal(y[1], images()[1])


@pytest.mark.parametrize("padding", [(2, 3), (0, 1), (9, 8)])
def test_shifts(padding: tuple[int, int]) -> None:
    rows, columns = padding
    rng = np.random.default_rng(0)
    down, right = rng.integers(-rows, rows + 1, 4), rng.integers(-columns, columns + 1, 4)
    same("shifted", RandomCrop(padding).shift, images(), down, right)
    padded = np.pad(images(), ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    for image, cut in zip(padded, augment.shifted(images(), down, right)[0], strict=True):
        top, left = rows + down[0], columns + right[0]
        np.testing.assert_array_equal(cut, image[:, top : top + 7, left : left + 6])
        down, right = down[1:], right[1:]


BOXES = np.array([[0, 0, 7, 6], [2, 1, 3, 4], [6, 5, 1, 1], [1, 0, 5, 2]], np.float64).T


def test_parts_are_enlarged() -> None:
    module = RandomResizedCrop((0.08, 1.0), (0.75, 1.3333))
    same("enlarged", module.enlarge, images(), *BOXES)
    y = augment.enlarged(images(), *BOXES)[0]
    np.testing.assert_allclose(y[0], images()[0], rtol=1e-12)
    for image, resized, (top, left, height, width) in zip(images(), y, BOXES.T.astype(int), strict=True):
        part = torch.tensor(image[None, :, top : top + height, left : left + width])
        wanted = F.interpolate(part, (7, 6), mode="bilinear", align_corners=False)[0]
        close(resized, wanted.numpy(), 1e-12)


@pytest.mark.parametrize("size", [(7, 6), (1, 1), (40, 3), (3, 40)])
@pytest.mark.parametrize("scale", [(0.08, 1.0), (0.5, 0.5), (1.0, 1.0)])
def test_parts_are_the_same(size: tuple[int, int], scale: tuple[float, float]) -> None:
    areas, ratios = np.random.default_rng(0).random((2, 500, 10))
    module = RandomResizedCrop(scale, (0.75, 1.3333))
    mine = augment.parts(*size, areas, ratios, scale, (0.75, 1.3333))
    for found, wanted in zip(mine, module.parts(*size, torch.tensor(areas), torch.tensor(ratios)), strict=True):
        np.testing.assert_array_equal(found, wanted.numpy())
    heights, widths = mine
    assert heights.min() >= 1 and heights.max() <= size[0] and widths.min() >= 1 and widths.max() <= size[1]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("name", "method"), [("brightened", "brighten"), ("contrasted", "contrasted")])
def test_light(name: str, method: str, channels: int) -> None:
    factor = np.array([0.0, 0.6, 1.0, 1.7])[:, None, None, None]
    same(name, getattr(ColorJitter(), method), images(channels), factor)


def test_saturation() -> None:
    factor = np.array([0.0, 0.6, 1.0, 1.7])[:, None, None, None]
    same("saturated", ColorJitter().saturate, images(), factor)
    grey = color.saturated(images(), factor)[0][0]
    np.testing.assert_allclose(grey[0], np.tensordot((0.299, 0.587, 0.114), images()[0], 1), rtol=1e-12)


def test_hue() -> None:
    share = np.array([-0.5, -0.13, 0.0, 0.4])[:, None, None, None]
    same("turned", ColorJitter().turn, images(), share)
    np.testing.assert_allclose(color.turned(images(), share)[0][2], images()[2], atol=1e-12)


def test_hue_is_that_of_the_colour_circle() -> None:
    import colorsys

    share = np.array([-0.5, -0.13, 0.25, 0.4])[:, None, None, None]
    turned = color.turned(images(), share)[0]
    for image, y, turn in zip(images(), turned, share.flat, strict=True):
        for pixel, found in zip(image.reshape(3, -1).T, y.reshape(3, -1).T, strict=True):
            hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
            np.testing.assert_allclose(found, colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value), atol=1e-12)


def test_grey_images_have_no_hue_to_turn() -> None:
    grey = np.repeat(images(1), 3, 1)
    share = np.full((4, 1, 1, 1), 0.3)
    y, pullback = color.turned(grey, share)
    np.testing.assert_array_equal(y, grey)
    x = torch.tensor(grey, requires_grad=True)
    ColorJitter().turn(x, torch.tensor(share)).backward(torch.ones(x.shape))
    assert x.grad is not None
    np.testing.assert_array_equal(pullback(np.ones_like(grey))[0], x.grad.numpy())


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("numbers", ["[0.5, 0.25, 0.125], [0.5, 0.75, 2.0]", "0.5, [0.25, 1, 2]", "0.5, 0.25"])
def test_normalize(numbers: str, train: bool) -> None:
    net = archdsl.loads(f"network t {{ input x: [N, 3, H, W]\n normalize({numbers}) }}")
    for dtype in (np.float32, np.float64):
        agree(net, {"x": images()}, dtype, train)
    assert not net.state()
    assert not net.torch().state_dict()


def test_normalize_centres_the_usual_images() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    x = images()
    y = kernels.normalize(x, mean=mean, std=std)[0]
    wanted = [(x[:, c] - mean[c]) / std[c] for c in range(3)]
    np.testing.assert_allclose(y, np.stack(wanted, 1), rtol=1e-12)
    differentiates(kernels.normalize, [x], mean=mean, std=std)
    module = Normalize(mean, std)
    close(module(torch.tensor(x, dtype=torch.float32)).numpy(), y.astype(np.float32), 1e-5)


# what is drawn


def drawn(name: str, x: np.ndarray, seed: int = 0, **options: Any) -> tuple[np.ndarray, Callable[..., Any]]:
    return getattr(kernels, name)(x, train=True, rng=np.random.default_rng(seed), **options)


def both(spec: str, x: np.ndarray) -> list[np.ndarray]:
    """The images as both backends change them in training, each by its own numbers."""
    net = archdsl.loads(f"network t {{ input x: [N, C, H, W]\n {spec} }}", sizes={"x": x.shape})
    torch.manual_seed(0)
    return [net.torch()(torch.tensor(x, dtype=torch.float32)).numpy(), net.numpy()(x, train=True)]


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
def test_so_many_images_are_flipped(p: float) -> None:
    x = np.repeat(np.arange(4.0).reshape(1, 1, 2, 2), 4000, 0)
    for y in both(f"random_flip({p})", x):
        flipped = y[:, 0, 0, 0] != 0
        np.testing.assert_array_equal(y[flipped], np.flip(x, 3)[flipped])
        np.testing.assert_array_equal(y[~flipped], x[~flipped])
        assert flipped.mean() == pytest.approx(p, abs=0.03)


def test_crops_reach_every_place_evenly() -> None:
    x = np.zeros((9000, 1, 9, 9))
    x[:, :, 4, 4] = 1
    for y in both("random_crop(padding=[1, 2])", x):
        places = np.argmax(y.reshape(9000, 81), 1)
        rows, columns = places // 9 - 4, places % 9 - 4
        assert {*zip(rows.tolist(), columns.tolist(), strict=True)} == {
            (r, c) for r in (-1, 0, 1) for c in range(-2, 3)
        }
        counts = np.unique(places, return_counts=True)[1]
        assert counts.min() > 500 and counts.max() < 700


def test_parts_are_drawn_from_their_ranges() -> None:
    """A ramp shows where the part begins and how large it is."""
    size = 64
    ramp = np.broadcast_to(np.arange(size, dtype=np.float64), (size, size))
    x = np.broadcast_to(np.stack([ramp, ramp.T]), (3000, 2, size, size))
    for y in both("random_resized_crop(scale=[0.1, 0.6], ratio=[0.5, 2.0])", x):
        widths = (y[:, 0, 32, 40] - y[:, 0, 32, 24]) / 16 * size
        heights = (y[:, 1, 40, 32] - y[:, 1, 24, 32]) / 16 * size
        areas, ratios = widths * heights / size**2, widths / heights
        assert 0.09 < areas.min() < 0.12 and 0.58 < areas.max() < 0.62
        assert areas.mean() == pytest.approx(0.35, abs=0.01)
        assert 0.45 < ratios.min() < 0.55 and 1.8 < ratios.max() < 2.2
        assert np.log(ratios).mean() == pytest.approx(0, abs=0.03)
        lefts = y[:, 0, 0].min(1)
        assert lefts.min() < 1 and lefts.max() > 35


@pytest.mark.parametrize(("strength", "low", "high"), [(0.4, 0.6, 1.4), (1.5, 0.0, 2.5)])
def test_brightness_is_drawn_from_its_range(strength: float, low: float, high: float) -> None:
    for y in both(f"color_jitter(brightness={strength})", np.full((4000, 1, 1, 1), 0.25)):
        factors = y.ravel() / 0.25
        assert low <= factors.min() < low + 0.01 and high - 0.01 < factors.max() <= high + 1e-6
        assert factors.mean() == pytest.approx((low + high) / 2, abs=0.02)


def test_contrast_is_drawn_from_its_range() -> None:
    x = np.broadcast_to(np.array([0.4, 0.6]).reshape(1, 1, 1, 2), (4000, 1, 1, 2))
    for y in both("color_jitter(contrast=0.5)", x):
        factors = (y[..., 1] - y[..., 0]).ravel() / 0.2
        assert 0.5 <= factors.min() + 1e-6 < 0.51 and 1.49 < factors.max() <= 1.5 + 1e-6
        np.testing.assert_allclose(y.mean(3), 0.5, atol=1e-6)


def test_hue_is_drawn_from_its_range() -> None:
    """Red turned by up to a tenth of the circle: six tenths of the way to yellow or to magenta."""
    x = np.broadcast_to(np.array([1.0, 0, 0]).reshape(1, 3, 1, 1), (4000, 3, 1, 1))
    for y in both("color_jitter(hue=0.1)", x):
        np.testing.assert_array_equal(y[:, 0], 1)
        assert 0.59 < y[:, 1].max() <= 0.6 + 1e-6 and 0.59 < y[:, 2].max() <= 0.6 + 1e-6
        assert (y[:, 1] > 0).mean() == pytest.approx(0.5, abs=0.03)


def test_images_of_one_channel_have_no_colours() -> None:
    for y in both("color_jitter(saturation=0.9, hue=0.5)", images(1)):
        close(y, images(1), 1e-6)


@pytest.mark.parametrize("name", RANDOM)
def test_each_image_is_changed_by_itself(name: str) -> None:
    x = np.repeat(images(count=1), 16, 0)
    for y in both(RANDOM[name], x):
        assert len(np.unique(y.reshape(16, -1), axis=0)) > 1


@pytest.mark.parametrize("name", RANDOM)
def test_the_same_seed_changes_images_alike(name: str) -> None:
    net = archdsl.loads(f"network t {{ input x: [N, 3, H, W]\n {RANDOM[name]} }}")
    x = images(count=8)
    one, same, other = (net.numpy(seed)(x, train=True) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
    module, given = net.torch(), torch.tensor(x)
    torch.manual_seed(3)
    first = module(given)
    torch.manual_seed(3)
    assert torch.equal(module(given), first)


@pytest.mark.parametrize("name", RANDOM)
def test_gradients_in_training_are_slopes(name: str) -> None:
    net = archdsl.loads(f"network t {{ input x: [N, 3, H, W]\n {RANDOM[name]} }}")
    program = net.numpy().astype(np.float64)
    step = program.plan.steps[0].call

    def fixed(x: np.ndarray) -> Any:
        return step.kernel(x, **step.options, train=True, rng=np.random.default_rng(4))

    differentiates(fixed, [images()])


@pytest.mark.parametrize("name", RANDOM)
def test_evaluation_changes_nothing(name: str) -> None:
    net = archdsl.loads(f"network t {{ input x: [N, 3, H, W]\n {RANDOM[name]} }}")
    x = normal("x", 3, 3, 5, 4).astype(np.float32)
    given = torch.tensor(x)
    assert net.torch().eval()(given) is given
    np.testing.assert_array_equal(net.numpy()(x), x)
    agrees(getattr(kernels, name if hasattr(kernels, name) else "random_flip"), lambda x: x.clone(), [x])


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_torch_keeps_the_precision(name: str, dtype: Any) -> None:
    net = archdsl.loads(f"network t {{ input x: [N, 3, H, W]\n {RANDOM[name]} }}").torch()
    x = torch.tensor(images(), dtype=dtype, requires_grad=True)
    y = net(x)
    y.sum().backward()
    assert y.dtype == dtype and y.shape == x.shape
    assert x.grad is not None and x.grad.isfinite().all()


@pytest.mark.parametrize("train", [True, False])
def test_torch_can_compile_export_and_script(train: bool) -> None:
    chain = " -> ".join([*RANDOM.values(), "normalize([0.5, 0.4, 0.3], 0.25)"])
    net = archdsl.loads(f"network t {{ input x: [N, 3, 7, 6]\n {chain} }}").torch().train(train)
    x = torch.tensor(images(), dtype=torch.float32)
    compiled = torch.compile(net, backend="eager", fullgraph=True)
    for other in (compiled, torch.jit.script(net), torch.export.export(net, (x,)).module()):
        torch.manual_seed(0)
        wanted = net(x)
        torch.manual_seed(0)
        torch.testing.assert_close(other(x), wanted)
    if not train:
        assert torch.equal(torch.fx.symbolic_trace(net)(x), net(x))


# whole networks


def test_an_augmented_lenet_is_lenet_in_evaluation() -> None:
    net = archdsl.loads(LENET)
    x = np.random.default_rng(0).random((3, 1, 28, 28)).astype(np.float32)
    module, program = net.torch(), net.numpy()
    program.load_state_dict(module.state_dict())
    close(program(x), module.eval()(torch.tensor(x)).detach().numpy(), 1e-5)
    plain = archdsl.loads(LENET.replace("random_flip -> random_crop(padding=2)" + RESIZED, "")).numpy()
    plain.load_state_dict(module.state_dict())
    np.testing.assert_array_equal(plain(x), program(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_augmented_lenet_trains_alike_given_the_same_draws(dtype: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number that an augmentation draws is a half of what it could be, on both sides."""
    image = np.cos(np.arange(3 * 784.0)).reshape(3, 1, 28, 28)
    spec = LENET if dtype == np.float32 else LENET.replace(RESIZED, "")  # torch places parts in single precision
    agree(archdsl.loads(spec), {"image": image}, dtype, rng=halves(monkeypatch))
