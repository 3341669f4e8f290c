"""Fast kernels: what float32 inference runs on, and the planner that lays their work out before the first run.

A fast kernel computes nothing by itself: it says what will be left, and writes orders on a tape (`tape.py`).
`schedule.py` gives every value its place and makes the tape, `engine.py` keeps one for each shape of input and cuts
batches, `crew.py` has the threads that run it. The definition of each op is its textbook kernel, in `kernels/`.
"""
