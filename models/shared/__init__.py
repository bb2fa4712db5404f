"""What adapters of this folder share. Importing it silences the libraries and cuts the network.

The switches are the libraries' own and are read when they are first imported, so an adapter
imports from here before anything else.
"""

from __future__ import annotations

import os
import warnings

# A forgotten argument must not start a download inside a measured window.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
# Both report what the adapters check themselves, and turn into an error.
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["DIFFUSERS_VERBOSITY"] = "error"

# What the pinned libraries use of torch and a newer torch advises against.
for advice in ("`torch.jit.script` is deprecated", "`torch.nn.utils.weight_norm` is deprecated"):
    warnings.filterwarnings("ignore", message=advice)
