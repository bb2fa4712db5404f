"""Turn bundles into tables, figures and a page. Bundles are read, and nothing else.

Words used here beside those of the package:

examination
    what verifying a bundle gave: its verdict, its signer and its payload.
source
    one bundle that passed, with the rows it holds.
series
    measurements that may be averaged: one model, hardware, weights, size and protocol.
point
    one setting of a series, summarised over its repeats.
"""
