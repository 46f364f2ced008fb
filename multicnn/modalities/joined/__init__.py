"""Several inputs of one example: images, clips and texts side by side, any of which may be missing."""
