"""Instruments that are not there: what they would send, over any transport, with faults by seed.

`python -m sigflow.simulator --help`.  `devices`: the bytes of each frame, and answers to queries; `faults`: what
becomes of a frame on its way; `sending`: both over a transport, at a rate.
"""
