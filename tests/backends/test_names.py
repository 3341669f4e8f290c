"""Names, doc comments and paths of specs: any of them gives files that parse and compute what the spec says."""

from __future__ import annotations

import ast
import copy
import io
import pickle
import sys
import tokenize
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.backends_agree import agree
from support.odd_names import LIBRARY_NAMES, ODD_NAMES

from archdsl import Network, check
from archdsl.compiler import check_source
from archdsl.source import FORBIDDEN, Source

torch.set_num_threads(1)

X = np.random.default_rng(0).normal(size=(2, 4))

FORMS = {
    "layers of a chain": 'network t {{\n input x: [N, 4]\n "{a}" = linear(4)\n "{b}" = relu\n}}',
    "layers": 'network t {{\n input x: [N, 4]\n "{a}" = linear(4)\n "{b}" = relu\n add {{ | relu | identity }}\n}}',
    "groups": 'network t {{\n input x: [N, 4]\n "{a}" = {{ "{b}" = linear(4) -> relu }}\n}}',
    "parameters": 'network t {{\n input x: [N, 4]\n "{a}" = scale\n "{b}" = linear(4)\n relu\n}}',
    "shared layers": 'network t {{\n input x: [N, 4]\n shared "{a}" = linear(4)\n "{b}" = relu -> tanh\n}}',
    "blocks": (
        "block {a}(c) {{\n add {{ | linear(c) | identity }} \n}}\n"
        "network {b}_ {{\n input x: [N, 4]\n {a}(4)\n {a}(4)\n}}"
    ),
    "parameters of blocks": (
        "block b({a}, {b}=4) {{\n add {{ | linear({a}) -> relu -> linear({b}) | identity }} \n}}\n"
        "network t {{\n input x: [N, 4]\n b(4)\n b(5)\n}}"
    ),
    "inputs": "network t {{\n input {a}: [N, 4]\n {b} = linear(4)\n add {{ | {a} -> linear(4) | {b} }}\n}}",
    "networks": "network {a} {{\n input {b}: [N, 4]\n linear(4)\n add {{ | relu | identity }}\n}}",
    "outputs": "network t {{\n input x: [N, 4]\n linear(4)\n output {a} = relu\n output {b} = tanh\n}}",
}


def emitted(text: str) -> ModuleType:
    """The module that a file makes, read as Python reads a file."""
    module = ModuleType("emitted")
    sys.modules["emitted"] = module
    exec(compile(text.encode(), "emitted.py", "exec"), module.__dict__)
    return module


def last_class(module: ModuleType) -> Any:
    """The network of an emitted file, which stands at its end."""
    return [made for made in vars(module).values() if isinstance(made, type) and made.__module__ == "emitted"][-1]


def works(net: Network) -> None:
    """Whatever may be done with a module can be done with this one; and both emitted files compute the same."""
    module = net.torch()
    assert [(name, tuple(tensor.shape)) for name, tensor in module.state_dict().items()] == net.state()
    for mode in (False, True, False):
        assert module.train(mode) is module and module.training is mode
        assert all(inner.training is mode for inner in module.modules())
    module.double().float().to("cpu").zero_grad()
    module.load_state_dict(module.state_dict())
    x, one = torch.tensor(X, dtype=torch.float32), len(net.outputs) == 1
    wanted = [module(x)] if one else list(module(x))
    fast = net.torch(optimize="inference", state=module.state_dict())
    written = last_class(emitted(net.torch_source()))()
    written.load_state_dict(module.state_dict())
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module)), fast, written):
        torch.testing.assert_close([other(x)] if one else list(other(x)), wanted)
    for train in (False, True):
        program = last_class(emitted(net.numpy_source(train)))()
        program.load_state_dict(module.state_dict())
        found = [program(X)] if one else list(program(X))
        for y, z in zip(found, wanted, strict=True):
            np.testing.assert_allclose(y, z.detach().numpy(), atol=1e-5)
    if one:
        agree(net, dict.fromkeys(net.inputs, X))


@pytest.mark.parametrize("form", FORMS)
@given(names=st.lists(st.sampled_from(ODD_NAMES), min_size=2, max_size=2, unique=True))
@settings(max_examples=8, deadline=None)
@example(names=["training", "other"])
@example(names=["forward", "training"])
@example(names=["_compiled_call_impl", "class"])
@example(names=["self", "net"])
@example(names=["torch", "np"])
def test_any_name_works_anywhere(form: str, names: list[str]) -> None:
    report = check(FORMS[form].format(a=names[0], b=names[1]))
    assert report.ok or '"' not in FORMS[form]  # without quotes, words of the language are no names
    if report.ok:
        works(report.networks[-1])


@pytest.mark.parametrize("names", [ODD_NAMES, LIBRARY_NAMES[::7]], ids=["odd", "of libraries"])
@pytest.mark.parametrize("stage", ["scale", "relu -> scale"])
def test_all_names_work_at_once(names: list[str], stage: str) -> None:
    layers = "\n".join(f'"{name}" = {stage}' for name in dict.fromkeys(names))
    report = check(f"network t {{\ninput x: [N, 4]\n{layers}\nlinear(4)\nadd {{ | relu | identity }}\n}}")
    assert report.ok
    works(report.networks[0])


def test_a_layer_may_be_called_training() -> None:
    (net,) = check("network t {\n input x: [N, 4]\n training = linear(3)\n}").networks
    module = net.torch().eval()
    assert not module.training and list(module.state_dict()) == ["training.weight", "training.bias"]
    assert torch.compile(module, backend="eager")(torch.ones(1, 4)).shape == (1, 3)


SAID = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40) | st.text("\"'\\#{}%x ", max_size=12)


@given(said=st.lists(SAID.filter(lambda text: not FORBIDDEN.search(text)), min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
@example(said=['Gives """x"""'])
@example(said=['"""', "\\", '"'])
@example(said=["-*- coding: utf-7 -*-"])
def test_any_doc_comment_is_the_docstring(said: list[str]) -> None:
    lines = "\n".join(f"## {line}" for line in said)
    report = check(f"{lines}\nnetwork t {{\n input x: [N, 4]\n linear(3)\n}}")
    assert report.ok
    (net,) = report.networks
    for text in (
        net.torch_source(),
        net.torch_source(optimize="inference"),
        net.numpy_source(),
        net.numpy_source(True),
    ):
        made = last_class(emitted(text))
        assert not net.graph.doc.strip() or (made.__doc__ or "").split() == net.graph.doc.split()


PATHS = st.text(st.characters(exclude_characters="\0/"), min_size=1, max_size=30)


@given(path=PATHS | st.builds("{} coding: {}".format, st.text("#* \n\r", max_size=3), st.sampled_from(["utf-7", "x"])))
@settings(max_examples=40, deadline=None)
@example(path='"""\nimport os\n"""\\')
@example(path="\udcff\udce9.arch")
@example(path="a\n# vim: fileencoding=utf-16")
def test_any_path_can_head_a_file(path: str) -> None:
    (net,) = check_source(Source(path, "network t {\n input x: [N, 4]\n linear(3)\n}")).networks
    for text in (net.torch_source(), net.numpy_source()):
        content = text.encode()
        assert tokenize.detect_encoding(io.BytesIO(content).readline)[0] == "utf-8"
        tree = ast.parse(content)
        assert isinstance(tree.body[0], ast.Expr)  # the docstring, and nothing that comes out of the path
        emitted(text)
