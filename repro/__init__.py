"""Measure what text-to-audio models cost in energy, sign what was found, and draw it again.

Words used throughout, always in this sense:

model
    a text-to-audio system; one folder in ``models/``.
adapter
    the class in that folder that drives the model; it runs in a worker process.
protocol
    what is measured and in which order, as data; a file in ``protocols/``.
tier
    a protocol cut to a purpose: ``smoke``, ``quick``, ``full``.
study
    one of the protocol's questions: ``steps``, ``batch``, ``quality``, ``sanity``, ``stages``.
point
    one setting of one model in one study, to be measured ``repeats`` times.
window
    the stretch of time that holds one generation call and nothing else; one row of
    ``measurements.csv``.
reading
    joules of one window by one named instrument.
journal
    the append-only file that holds every finished window of a run.
run
    all windows of one model under one request; it ends as one bundle.
bundle
    the signed zip made from a journal.
"""

__version__ = "0.1.0"
