"""Draws Vega-Lite specifications: NAME.vl.json of a folder becomes NAME.svg, NAME.pdf and NAME.png beside it.

usage: vl_convert.py FOLDER NAME...
exit: 0 all drawn, 3 no vl_convert package, 1 one could not be drawn (said on stderr)
"""
import json
import pathlib
import sys


def write(path, data):
    """Whole or not there."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def draw(vl_convert, folder, name):
    spec = json.loads((folder / f"{name}.vl.json").read_text(encoding="utf-8"))
    svg = vl_convert.vegalite_to_svg(spec, vl_version="5.21")
    write(folder / f"{name}.pdf", vl_convert.svg_to_pdf(svg))
    write(folder / f"{name}.png", vl_convert.svg_to_png(svg, scale=2))
    write(folder / f"{name}.svg", svg.encode("utf-8"))


def main():
    try:
        import vl_convert
    except ImportError:
        return 3
    folder, failed = pathlib.Path(sys.argv[1]), False
    for name in sys.argv[2:]:
        try:
            draw(vl_convert, folder, name)
        except (OSError, ValueError) as error:
            print(f"{name}: {error}".splitlines()[0], file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
