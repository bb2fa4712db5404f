"""Keys, envelopes, trust."""
