"""PyTorch: a rule per op family, the source writer, and the live module.

`source` writes a file and imports no torch; `archdsl.backends.torch.module` runs it.
"""

from archdsl.backends.torch.source import source

__all__ = ["source"]
