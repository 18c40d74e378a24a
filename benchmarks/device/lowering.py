"""Kernels compiled for a card that is not here -> registers and spills: what a block holds.

Triton's interpreter takes what its compiler refuses, and a kernel whose numbers do not fit the
registers is right and slow. So both are asked. `python -m benchmarks.device.lowering`.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["SHAPES", "Built", "Shape", "built", "main"]

HOPPER = ("cuda", 90, 32)  # an H100
ENCODE = {
    "layer": "*fp32",
    "edges": "*fp32",
    "weights": "*i64",
    "codes": "*i64",
    "outside": "*i32",
    "census": "*i64",
    "n_rows": "i32",
    "n_units": "i32",
    "n_edges": "i32",
    "below": "i32",
    "above": "i32",
    "first": "fp32",
    "inverse": "fp32",
}
COUNT = {
    "codes": "*i64",
    "labels": "*i32",
    "symbols": "*i32",
    "pairs": "*i32",
    "n": "i32",
    "bits": "i32",
    "n_labels": "i32",
}


class Shape(NamedTuple):
    """A kernel, the types of what it is given, its warps, and its constants as the twin sets them.

    Attributes:
        spilled: bytes of a thread that are known not to fit the registers.
    """

    kernel: str
    signature: dict[str, str]
    warps: int
    constants: dict[str, Any]
    spilled: int = 0

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.constants.items())
        return f"{self.kernel}({told}), {self.warps} warps"


class Built(NamedTuple):
    """What a thread of a compiled kernel holds, and the shared memory of a block."""

    registers: int
    spilled: int
    shared: int
    flushes: bool  # whether it takes the smallest numbers for 0


def _encode(even: bool, n_edges: int, n_units: int) -> Shape:
    from fastmi.backends import triton_twin as twin

    units = min(1 << (n_units - 1).bit_length(), twin.BLOCK_UNITS)
    constants = {
        "EVEN": even,
        "BY_ROW": True,
        "STEPS": 1 if even else n_edges.bit_length(),
        "TILES": -(-n_units // units),
        "ROWS": twin.BLOCK_NUMBERS // units,
        "UNITS": units,
        "SLOTS": twin.SLOTS,
    }
    return Shape("encode_rows", ENCODE, 4, constants)


def _count(n: int, packed: bool, narrow: bool, spilled: int = 0) -> Shape:
    from fastmi.backends import triton_twin as twin

    steps = (n - 1).bit_length()
    constants = {"PACKED": packed, "NARROW": narrow, "STEPS": steps, "N": n}
    return Shape("count_segment", COUNT, max(4, n // twin.ROWS_A_WARP), constants, spilled)


SHAPES = (
    _encode(even=True, n_edges=50, n_units=10),
    _encode(even=True, n_edges=50, n_units=1),
    _encode(even=True, n_edges=50, n_units=784),
    _encode(even=False, n_edges=50, n_units=10),
    _encode(even=False, n_edges=1000, n_units=784),
    _count(1024, packed=True, narrow=False),
    _count(4096, packed=True, narrow=True),
    _count(4096, packed=True, narrow=False),
    _count(8192, packed=True, narrow=False),
    _count(4096, packed=False, narrow=False, spilled=232),
)


def built(shape: Shape) -> Built:
    """Compiles a shape for an H100, and reads what it takes.

    Raises:
        RuntimeError: kernels are interpreted in this process (TRITON_INTERPRET), or Triton brings
            no tool that reads them.
        Exception: whatever Triton raises of what it cannot compile.
    """
    import triton
    from triton.backends.compiler import GPUTarget

    from fastmi.backends import triton_kernels

    kernel = getattr(triton_kernels, shape.kernel)
    if not hasattr(kernel, "cache_key"):
        raise RuntimeError(
            "kernels are interpreted in this process: start one without TRITON_INTERPRET"
        )
    source = triton.compiler.ASTSource(
        fn=kernel,
        signature={**shape.signature, **dict.fromkeys(shape.constants, "constexpr")},
        constexprs={
            (kernel.arg_names.index(name),): value for name, value in shape.constants.items()
        },
    )
    made = triton.compile(source, target=GPUTarget(*HOPPER), options={"num_warps": shape.warps})
    (package,) = triton.__path__
    used = _resources(made.asm["cubin"], Path(package) / "backends/nvidia/bin")
    return Built(
        used["REG"], used["STACK"] + used["LOCAL"], made.metadata.shared, ".ftz" in made.asm["ptx"]
    )


def _resources(program: bytes, tools: Path) -> dict[str, int]:
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(program)
        file.flush()
        command = [tools / "cuobjdump", "-res-usage", file.name]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    used = {name: int(number) for name, number in re.findall(r"\b([A-Z]+):(\d+)", told.stdout)}
    if "REG" not in used:
        raise RuntimeError(f"cuobjdump read nothing: {told.stdout} {told.stderr}".strip())
    return used


def main() -> int:
    """Prints a line for each shape; 1 where one spills more than is known, or flushes."""
    return max([_judged(shape) for shape in SHAPES])


def _judged(shape: Shape) -> int:
    found = built(shape)
    faults = list(_faults(shape, found))
    print(
        f"{shape}: {found.registers} registers, {found.spilled} bytes spilled, {found.shared} bytes"
        f" shared{''.join(f'; {fault}' for fault in faults)}",
        flush=True,
    )
    return bool(faults)


def _faults(shape: Shape, found: Built) -> Iterator[str]:
    if found.spilled > shape.spilled:
        yield f"A NEW SPILL: {shape.spilled} bytes were known"
    if found.flushes:
        yield "THE SMALLEST NUMBERS ARE TAKEN FOR 0, and have another symbol than the Numba twin's"


if __name__ == "__main__":
    raise SystemExit(main())
