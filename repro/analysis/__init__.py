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
set
    all clips of one repeat of the study ``quality`` on one data set.
panel
    energy against one score on one data set: every point, and which of them are on the front.
league
    points that may dominate each other, because hardware, weights, size, protocol, clips and
    way of scoring are the same.
"""
