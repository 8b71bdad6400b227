"""`python -m docs.generate [--picture]`: write every generated page, and the picture of the tour if asked to."""

import argparse
import sys
from pathlib import Path

from docs.generate.pages import PAGES
from docs.generate.picture import TOUR, draw_tour

DOCS = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="docs.generate", description=__doc__)
    parser.add_argument("--picture", action="store_true", help="play the tour and draw it, too")
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
    if parser.parse_args().picture:
        (DOCS / TOUR).write_text(draw_tour(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
