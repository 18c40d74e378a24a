"""Peers and cases as data -> timings: agree first, then time. Run `python -m benchmarks`."""
