"""Tasks: what a network predicts, with its losses and metrics."""
