"""Where in a generation the energy goes."""
