"""The process boundary: ``worker`` runs beside a model, ``process`` and ``adapter`` speak to it."""
