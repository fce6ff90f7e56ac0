"""The Mandelbrot set as text.

    mandelbrot.py [WIDTH]

The picture is WIDTH characters wide; the set's area, counted from it, is checked.
"""

import sys

LEFT, RIGHT = -2.0, 0.6
TOP, BOTTOM = 1.2, -1.2
LIMIT = 5000
SHADES = " .:-=+*%#"
INSIDE = "@"


def escape_time(cr, ci):
    zr = zi = 0.0
    for n in range(LIMIT):
        zr2 = zr * zr
        zi2 = zi * zi
        if zr2 + zi2 > 4.0:
            return n
        zi = 2.0 * zr * zi + ci
        zr = zr2 - zi2 + cr
    return LIMIT


def picture(width):
    # A character cell is about twice as high as it is wide.
    height = round(width * (TOP - BOTTOM) / (RIGHT - LEFT) / 2)
    dx = (RIGHT - LEFT) / width
    dy = (TOP - BOTTOM) / height
    rows = []
    inside = 0
    for row in range(height):
        ci = TOP - (row + 0.5) * dy
        line = []
        for column in range(width):
            n = escape_time(LEFT + (column + 0.5) * dx, ci)
            if n == LIMIT:
                inside += 1
                line.append(INSIDE)
            else:
                line.append(SHADES[min(n.bit_length(), len(SHADES) - 1)])
        rows.append("".join(line).rstrip())
    return rows, inside * dx * dy


def main():
    width = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rows, area = picture(width)
    print("\n".join(rows))
    print(f"area {area:.3f}")
    # The true area is 1.5066; a coarse grid misses it by the length of the boundary.
    if abs(area - 1.5066) > 10 / width:
        sys.exit("the area is wrong")


if __name__ == "__main__":
    main()
