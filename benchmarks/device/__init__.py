"""tensors on a GPU -> integers that are equal, then times: the parts of one check of six minutes.

Every part is a module with the same function:

    cases(place)
        -> (name, what to run) of every case, in order; a case returns a record for the file, in
        which "equal" says whether answers were the same

`findings` runs them one after the other and writes what each gave, `parts` runs every part in a
process of its own, `aims` brings what was found to docs/gpu.md. `racing` is beside them: named
cases of the benchmarks, against the Numba twin and the peers that use a GPU.
"""
