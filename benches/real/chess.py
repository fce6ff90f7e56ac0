"""A chess move generator, checked by known perft counts: castling, en passant, promotion, pins, checks."""

POSITIONS = (
    # The initial position, "Kiwipete", and one of pawns, rooks and discovered checks.
    ("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", 2, 400),
    ("r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1", 2, 2039),
    ("8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1", 3, 2812),
    ("r3k2r/Pppp1ppp/1b3nbN/nP6/BBP1P3/q4N2/Pp1P2PP/R2Q1RK1 w kq - 0 1", 2, 264),
)

# The board is 10 by 12, with a border that no piece enters; None is the border, "" an empty square.
NORTH, SOUTH, EAST, WEST = -10, 10, 1, -1
KNIGHT = (-21, -19, -12, -8, 8, 12, 19, 21)
DIAGONALS = (NORTH + EAST, NORTH + WEST, SOUTH + EAST, SOUTH + WEST)
STRAIGHTS = (NORTH, SOUTH, EAST, WEST)
SLIDES = {"b": DIAGONALS, "r": STRAIGHTS, "q": DIAGONALS + STRAIGHTS}
# What a move from or to a corner or a king's square ends.
RIGHTS = {91: "Q", 98: "K", 95: "KQ", 21: "q", 28: "k", 25: "kq"}


def square(name):
    return 21 + (8 - int(name[1])) * 10 + "abcdefgh".index(name[0])


class Board:
    def __init__(self, fen):
        placement, turn, rights, passant, *_ = fen.split()
        self.squares = [None] * 120
        at = 21
        for char in placement:
            if char == "/":
                at += 2
            elif char.isdigit():
                for _ in range(int(char)):
                    self.squares[at] = ""
                    at += 1
            else:
                self.squares[at] = char
                at += 1
        self.white = turn == "w"
        self.rights = frozenset(rights.replace("-", ""))
        self.passant = None if passant == "-" else square(passant)
        self.history = []

    def is_own(self, piece):
        return bool(piece) and piece.isupper() == self.white

    def is_enemy(self, piece):
        return bool(piece) and piece.isupper() != self.white

    def moves(self):
        """Moves (from, to, promotion or flag) that may leave the king in check."""
        squares = self.squares
        for start in range(21, 99):
            piece = squares[start]
            if not self.is_own(piece):
                continue
            kind = piece.lower()
            if kind == "p":
                yield from self.pawn_moves(start)
            elif kind in SLIDES:
                for step in SLIDES[kind]:
                    to = start + step
                    while squares[to] == "":
                        yield start, to, ""
                        to += step
                    if self.is_enemy(squares[to]):
                        yield start, to, ""
            else:
                for step in KNIGHT if kind == "n" else DIAGONALS + STRAIGHTS:
                    to = start + step
                    if squares[to] == "" or self.is_enemy(squares[to]):
                        yield start, to, ""
                if kind == "k":
                    yield from self.castlings(start)

    def pawn_moves(self, start):
        squares = self.squares
        forward, home, last = (NORTH, 8, 2) if self.white else (SOUTH, 3, 9)
        targets = []
        to = start + forward
        if squares[to] == "":
            targets.append(to)
            if start // 10 == home and squares[to + forward] == "":
                yield start, to + forward, "double"
        for to in (start + forward + EAST, start + forward + WEST):
            if self.is_enemy(squares[to]):
                targets.append(to)
            elif to == self.passant:
                yield start, to, "passant"
        for to in targets:
            if to // 10 == last:
                for piece in "qrbn":
                    yield start, to, piece.upper() if self.white else piece
            else:
                yield start, to, ""

    def castlings(self, king):
        squares = self.squares
        short, long = ("K", "Q") if self.white else ("k", "q")
        if not self.rights & {short, long} or self.attacked(king, not self.white):
            return
        if short in self.rights and squares[king + 1] == squares[king + 2] == "":
            if not self.attacked(king + 1, not self.white):
                yield king, king + 2, "castle"
        if (
            long in self.rights
            and squares[king - 1] == squares[king - 2] == squares[king - 3] == ""
        ):
            if not self.attacked(king - 1, not self.white):
                yield king, king - 2, "castle"

    def attacked(self, target, by_white):
        squares = self.squares
        forward = NORTH if by_white else SOUTH
        pawn, knight, king = ("P", "N", "K") if by_white else ("p", "n", "k")
        for side in (EAST, WEST):
            if squares[target - forward + side] == pawn:
                return True
        if any(squares[target + step] == knight for step in KNIGHT):
            return True
        for kind, steps in (("b", DIAGONALS), ("r", STRAIGHTS)):
            sliders = (kind.upper(), "Q") if by_white else (kind, "q")
            for step in steps:
                at = target + step
                if squares[at] == king:
                    return True
                while squares[at] == "":
                    at += step
                if squares[at] in sliders:
                    return True
        return False

    def make(self, move):
        start, to, extra = move
        squares = self.squares
        piece = squares[start]
        self.history.append((self.rights, self.passant, piece, squares[to]))
        squares[to] = extra if len(extra) == 1 else piece
        squares[start] = ""
        if extra == "passant":
            squares[to + (SOUTH if self.white else NORTH)] = ""
        elif extra == "castle":
            corner, beside = (to + 1, to - 1) if to > start else (to - 2, to + 1)
            squares[beside], squares[corner] = squares[corner], ""
        self.passant = (start + to) // 2 if extra == "double" else None
        for end in (start, to):
            if end in RIGHTS and self.rights:
                self.rights = self.rights.difference(RIGHTS[end])
        self.white = not self.white

    def unmake(self, move):
        start, to, extra = move
        squares = self.squares
        self.white = not self.white
        self.rights, self.passant, piece, taken = self.history.pop()
        squares[start] = piece
        squares[to] = taken
        if extra == "passant":
            squares[to + (SOUTH if self.white else NORTH)] = "p" if self.white else "P"
        elif extra == "castle":
            corner, beside = (to + 1, to - 1) if to > start else (to - 2, to + 1)
            squares[corner], squares[beside] = squares[beside], ""

    def is_legal(self):
        """Whether the side that has just moved left its king safe."""
        king = self.squares.index("k" if self.white else "K")
        return not self.attacked(king, self.white)


def perft(board, depth):
    nodes = 0
    for move in list(board.moves()):
        board.make(move)
        if board.is_legal():
            nodes += 1 if depth == 1 else perft(board, depth - 1)
        board.unmake(move)
    return nodes


def run():
    return [perft(Board(fen), depth) for fen, depth, _ in POSITIONS]


EXPECTED = [nodes for _, _, nodes in POSITIONS]
