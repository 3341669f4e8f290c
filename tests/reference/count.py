"""Writes costs.json: parameters and multiply-adds of the zoo as two other programs count them.

    pip install fvcore torchinfo
    python tests/reference/count.py

Parameters are torchinfo's, multiply-adds those of fvcore's convolutions and matrix products, for one image (224×224
where the size is free). Both look at the PyTorch module alone: torchinfo at its tensors, fvcore at the operations of a
trace. Vision transformers are left out: fvcore does not see into their attention.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import torch
import torchinfo
from fvcore.nn import FlopCountAnalysis

import archdsl

HERE = Path(__file__).parent
PRODUCTS = ("conv", "linear", "addmm", "matmul", "bmm")
UNSEEN = ("vit.arch",)


def counted(net: archdsl.Network) -> dict[str, object]:
    (shape,) = net.inputs.values()
    sizes = tuple(shape.at({"N": 1, "H": 224, "W": 224}).dims)
    module = net.torch().eval()
    x = torch.zeros(sizes)
    with torch.no_grad():
        counts = FlopCountAnalysis(module, x).unsupported_ops_warnings(False).by_operator()
        parameters = torchinfo.summary(module, input_data=x, verbose=0).trainable_params
    macs = int(sum(count for operation, count in counts.items() if operation in PRODUCTS))
    return {"input": sizes, "parameters": parameters, "macs": macs}


def main() -> None:
    specs = [path for path in sorted((HERE.parents[1] / "specs").glob("*.arch")) if path.name not in UNSEEN]
    networks = {net.name: counted(net) for path in specs for net in archdsl.check(path).networks}
    source = (
        f"parameters: torchinfo {version('torchinfo')}; macs: fvcore {version('fvcore')}; torch {torch.__version__}"
    )
    rows = ",\n".join(f'"{name}": {json.dumps(figures)}' for name, figures in networks.items())
    (HERE / "costs.json").write_text(f'{{\n"source": "{source}",\n"networks": {{\n{rows}\n}}\n}}\n')


if __name__ == "__main__":
    main()
