"""How a window is measured: instruments that are opened and closed together around it."""
