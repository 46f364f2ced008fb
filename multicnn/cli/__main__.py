"""`python -m multicnn.cli`, the same as `multicnn`."""

from multicnn.cli import main

main()
