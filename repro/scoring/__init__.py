"""From the audio of a run to a bundle of scores: FAD and CLAP, with intervals and differences.

``scorebundle`` scores the ``sets`` of clips that ``clipsets`` finds, by a ``scorer`` whose networks
run in a ``process`` of their own; ``frechet`` and ``resampling`` are the arithmetic.
"""
