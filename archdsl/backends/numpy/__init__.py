"""Networks on NumPy: kernels that return their pullback, a program that runs and trains, and the file it is written as.

Knows nothing of torch, which it checks. Importing the package fills the table of rules.
"""

from archdsl.backends.numpy import registry as registry
