"""Fast kernels: what float32 inference runs on, and the planner that lays their work out before the first run.

A fast kernel computes nothing by itself: it says what will be left, and writes commands (`commands.py`). `schedule.py`
gives every value its place in memory and makes the command list, `engine.py` keeps one for each shape of input and cuts
batches, `thread_pool.py` has the threads that run it. The definition of each op is its reference kernel, in `kernels/`.
"""
