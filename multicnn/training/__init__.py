"""From a recipe to trained weights: precision, optimizer, the loop, checkpoints."""
