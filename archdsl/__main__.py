"""`python -m archdsl` is `archdsl`."""

from archdsl.cli import main

main()
