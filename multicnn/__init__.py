"""multicnn."""
