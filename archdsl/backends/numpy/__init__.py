"""The NumPy backend: a network as kernels, forward and back; independent of torch, so that it can check it.

    program = Program(graph, seed=0)             # runs
    text = source(graph, header="…")             # a file that runs without archdsl

`kernels/` computes, `rules` says which op runs which kernel, `plan` makes the graph flat, `runtime` keeps weights and
records passes, `program` runs a plan and `writer` prints it. Emitted files hold the text of `kernels/` and `runtime`.
"""
