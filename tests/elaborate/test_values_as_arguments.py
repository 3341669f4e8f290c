"""Values of the network as arguments of blocks, alone and in lists: in groups, loops, arms and further blocks."""

from __future__ import annotations

import numpy as np
import pytest
from support.backends_agree import agree

import archdsl
from archdsl.diagnostics.render import render


def relu(x):
    return np.maximum(x, 0)


tanh = np.tanh
ALONE = "network t {\n    input x: [N, 4]\n    y = tanh\n    x -> relu -> b(y)\n}\n"
LISTED = "network t {\n    input x: [N, 4]\n    y = tanh\n    z = relu\n    b([y, z])\n}\n"

FUNCTIONS = {
    "a group": ("block b(v) { g = { add { | tanh | v } } }\n" + ALONE, lambda x: tanh(relu(x)) + tanh(x)),
    "groups in groups": ("block b(v) { { { add { | v | tanh } } -> { v } } }\n" + ALONE, tanh),
    "arms": (
        "block b(v) { add { | { v -> tanh } | { mul { | v | tanh } } } }\n" + ALONE,
        lambda x: tanh(tanh(x)) + tanh(x) * tanh(relu(x)),
    ),
    "a loop in a group": (
        "block b(v) { { repeat 2 { add { | v | identity } } } }\n" + ALONE,
        lambda x: relu(x) + 2 * tanh(x),
    ),
    "a block in a group": (
        "block c(w) { { add { | w | identity } } }\nblock b(v) { { c(v) } }\n" + ALONE,
        lambda x: relu(x) + tanh(x),
    ),
    "inlined in a group": (
        "block c(w) { { add { | w | identity } } }\nblock b(v) { { inline c(v) } }\n" + ALONE,
        lambda x: relu(x) + tanh(x),
    ),
    "a name that the group's own value has": (
        "block b(x) { g = { sub { | x | identity } } }\n" + ALONE,
        lambda x: tanh(x) - relu(x),
    ),
    "a list": (
        "block b(vs) { for v in vs { sub { | v | identity } } }\n" + LISTED,
        lambda x: relu(tanh(x)) - tanh(x) + relu(tanh(x)),
    ),
    "a list in a group": (
        "block b(vs) { { for v in vs { { sub { | v | identity } } } } }\n" + LISTED,
        lambda x: relu(tanh(x)) - tanh(x) + relu(tanh(x)),
    ),
    "its items": (
        "block c(a, b) { sub { | a | b } }\nblock b(vs) { c(vs[1], vs[0]) }\n" + LISTED,
        lambda x: relu(tanh(x)) - tanh(x),
    ),
    "a list of pairs": (
        "block b(vs) { for (n, v) in [(2, vs[0]), (3, vs[1])] { repeat n { add { | v | identity } } } }\n" + LISTED,
        lambda x: 2 * tanh(x) + 4 * relu(tanh(x)),
    ),
    "a list that is handed on": (
        "block c(ws) { { for w in ws { { sub { | w | identity } } } } }\n"
        "block b(vs) { c(vs) -> c([vs[1], vs[0]]) }\n" + LISTED,
        lambda x: (lambda t, z: t - (z - (z - (t - z))))(tanh(x), relu(tanh(x))),
    ),
    "a function of a list": (
        "fn swapped(vs) = [vs[1], vs[0]]\nblock b(vs) { for v in swapped(vs) { sub { | v | identity } } }\n" + LISTED,
        lambda x: tanh(x) - (relu(tanh(x)) - relu(tanh(x))),
    ),
    "one value twice": (
        "block b(vs) { for v in vs { add { | v | identity } } }\n" + LISTED.replace("[y, z]", "[y, y, in]"),
        lambda x: 2 * relu(tanh(x)) + 2 * tanh(x),
    ),
    "names that meet": (
        "block b(v, v_0, x) { sub { | x | identity } -> for w in v { { sub { | w | v_0 } } } }\n"
        + LISTED.replace("b([y, z])", "b([y, z], y, z)"),
        lambda x: relu(tanh(x)) - tanh(x),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_value_is_the_same_wherever_it_is_used(name: str) -> None:
    text, function = FUNCTIONS[name]
    report = archdsl.check(text)
    assert report.ok, render(report.problems)
    net = report.networks[0]
    x = np.linspace(-2, 2, 12).reshape(3, 4)
    np.testing.assert_allclose(net.numpy().astype(np.float64)(x), function(x), rtol=1e-12)
    agree(net, {"x": x}, np.float64)
    scope: dict[str, object] = {"__name__": "emitted"}
    exec(compile(net.numpy_source(train=True), "emitted.py", "exec"), scope)
    assert net.summary().text(None, None)
    assert net.picture("dot")
    assert net.picture("html", depth=9)


def test_claims_with_many_remainders_are_decided_by_small_sizes() -> None:
    primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53]
    clauses = ", ".join(f"H % {prime} != 0" for prime in primes)
    text = f"network t {{ input x: [N, 3, H] where {clauses}\n max_pool(2) -> upsample(2) : [N, 3, H] }}\n"
    (problem,) = archdsl.check(text).problems
    assert problem.code == "contract-broken"
    assert "wrong for H = 59" in render([problem])  # 1 is not divided by any of them either, and too small for the pool
