"""Hardware against hardware, or a campaign against another: what each says of the same settings.

Words used here beside those of ``repro.analysis``:

side
    all bundles of one hardware in one folder: what is compared with another side.
pair
    the series of a model on the reference side, and the one of the other side it is held against.
setting
    a study, steps and batch size that both series of a pair have.
"""
