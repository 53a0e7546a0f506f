"""Takes the picture of a report that the README shows.

usage: screenshot.py PAGE.html OUTPUT.png
"""
import pathlib
import sys

import browser


def main():
    page, output = map(pathlib.Path, sys.argv[1:])
    chromium = browser.Browser()
    try:
        chromium.look(width=1000, height=1300)
        chromium.open(page)
        chromium.screenshot(output, width=1000, height=1300)
    finally:
        chromium.close()


if __name__ == "__main__":
    main()
