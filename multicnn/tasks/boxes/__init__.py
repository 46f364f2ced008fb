"""Boxes around objects: their cells, the grid of positions, losses, decoding, suppression and average precision."""
