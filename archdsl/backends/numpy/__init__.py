"""The NumPy backend: a network as kernels, forward and back; independent of torch, so that it can check it.

    program = Program(graph, seed=0)             # runs
    text = source(graph, header="…")             # a file that runs without archdsl

`kernels/` computes, `rules` says which op runs which kernel, `plan` makes the graph flat, `runtime` keeps weights and
records passes, `files` reads weights, `program` runs a plan and `source` prints it. Emitted files hold the text of
`kernels/`, `runtime` and `files`, so these import NumPy and each other alone.
"""
