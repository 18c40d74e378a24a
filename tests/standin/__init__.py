"""A stand-in for a GPU: what a device refuses, launches, waits for and moves, seen on the CPU."""
