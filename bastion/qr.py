"""QR codes for a terminal."""


def lines(text: str) -> list[str]:
    """Draw `text` in half blocks, two modules high per character, with dark modules left blank.

    Read on a dark terminal it is the usual dark on light; scanners of today take the inverse of a light one as well.
    """
    import segno  # noqa: PLC0415 - whoever cuts access must not wait for what draws codes

    matrix = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    if len(matrix) % 2:
        matrix.append([0] * len(matrix[0]))
    pairs = zip(matrix[::2], matrix[1::2], strict=True)
    return ["".join(" ▄▀█"[(not up) * 2 + (not down)] for up, down in zip(*pair, strict=True)) for pair in pairs]
