"""Losses and rules of descent for NumPy programs, under their public name.

    import archdsl
    from archdsl.training import SGD, cross_entropy

    program = archdsl.load("specs/lenet.arch:LeNetRelu").numpy(seed=0)
    descent = SGD(program.parameters(), rate=0.05, momentum=0.9)

Importing it imports NumPy. What PyTorch trains takes PyTorch's own.
"""

from archdsl.backends.numpy.training import SGD, Adam, cross_entropy, mean_squared_error

__all__ = ["SGD", "Adam", "cross_entropy", "mean_squared_error"]
