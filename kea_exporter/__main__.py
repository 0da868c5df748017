"""Run the command line as `python -m kea_exporter`."""

from kea_exporter.cli import main

main()
