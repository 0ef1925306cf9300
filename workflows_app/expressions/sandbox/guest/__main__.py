"""Starts a sandbox process: ``python -I -S <this file> <module of the engine> <directories of its libraries>``.

Run as a file by an interpreter that knows nothing of the application, so the package has to be found by hand.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module


def main() -> None:
    """Never returns."""
    engine, *libraries = sys.argv[1:]
    package = os.path.dirname(os.path.abspath(__file__))
    sys.path += [os.path.dirname(package), *libraries]
    serve = import_module("guest.serve")
    serve.serve(lambda use: import_module(f"guest.{engine}").open_engine(use))


if __name__ == "__main__":
    main()
