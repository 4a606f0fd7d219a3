"""Real servers on the loopback: what a cluster is made of, each for as long as it is wanted.

The tests start single ones, and ``python -m cluster`` all of them together.
"""
