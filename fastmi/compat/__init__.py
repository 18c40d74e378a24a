"""Drop-ins: the names of other people's modules, so that a script changes its import line and nothing else.

`experimental_setup` and `information_process` stand in for the files of a replication study of the information bottleneck in
deep learning (github.com/vadim0x60/IDNN-Replication-Study), `sklearn` for scikit-learn's functions. Nothing in fastmi imports
them.
"""

__all__: list[str] = []
