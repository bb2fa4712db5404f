"""Measurements that others published, as bundles that say so.

A layout is how somebody laid out files; it is data (``<layout>.toml``), and so are the names in
it. What a file does not say stays empty, and every file a bundle was made of is in it by digest.
"""

from repro.importers.bundles import Imported, import_folder
from repro.importers.layout import LAYOUTS

__all__ = ["LAYOUTS", "Imported", "import_folder"]
