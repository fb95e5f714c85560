"""A document as text: groups flat where they fit, else broken, in one pass and without recursion."""

from __future__ import annotations

from dslc.fmt.document import (
    CLOSE,
    DEDENT,
    INDENT,
    INDENT_SIZE,
    OPEN,
    WIDTH,
    Blank,
    Comma,
    Command,
    Comment,
    Line,
    Space,
    Text,
    taken,
    width_of,
)

OPENERS = frozenset("([{")


class Printer:
    """Writes `commands`; the groups whose index is in `broken` break, and those in `whole` never do."""

    def __init__(self, commands: list[Command], broken: set[int], whole: set[int]) -> None:
        self.commands = commands
        self.broken = broken
        self.whole = whole
        self.out: list[str] = []
        self.length = 0  # of what is written
        self.places: list[tuple[int, int]] = []  # ends of words and comments: in the source, here
        self.column = 0
        self.depth = 0
        self.gap = 0  # blanks not written yet
        self.fresh: Blank | None = Blank.NONE  # a new line begins here, with that many blank ones
        self.behind: Comment | None = None  # ends the line
        self.opened = True  # nothing stands between here and an opening bracket

    def run(self) -> str:
        flat: list[bool] = []
        for i, command in enumerate(self.commands):
            if isinstance(command, Text):
                self.write(command)
            elif isinstance(command, Line):
                self.line(command, i, bool(flat) and flat[-1])
            elif command is OPEN:
                inside = bool(flat) and flat[-1]
                flat.append(i in self.whole or (i not in self.broken and (inside or self.fits(i))))
            elif command is CLOSE:
                flat.pop()
            elif command is INDENT:
                self.depth += 1
            elif command is DEDENT:
                self.depth -= 1
            elif isinstance(command, Space):
                if command.when != ("broken" if flat and flat[-1] else "flat"):
                    self.gap += command.size
            elif isinstance(command, Comma):
                if command.always or not (flat and flat[-1]):
                    self.write(Text(","))
            elif isinstance(command, Comment):
                self.comment(command)
        self.end_line()
        return "".join(self.out) + ("\n" if self.out else "")

    # ------------------------------------------------------------------------------------- pieces
    def put(self, text: str) -> None:
        self.out.append(text)
        self.length += len(text)
        self.column += width_of(text)

    def write(self, command: Text) -> None:
        self.start(command.blank, comment=False)
        self.put(command.text)
        self.opened = command.text in OPENERS
        if command.end >= 0:
            self.places.append((command.end, self.length))

    def start(self, blank: bool, *, comment: bool) -> None:
        """Begin the line that was asked for, or write the blanks that are due."""
        if self.fresh is None:
            self.put(" " * self.gap)
        else:
            self.end_line()
            if self.out:
                kept = self.fresh >= (Blank.COMMENTS if comment else Blank.KEPT) and blank
                self.put("\n\n" if kept or self.fresh is Blank.ONE else "\n")
            self.column = 0
            self.put(" " * (INDENT_SIZE * self.depth))
            self.fresh = None
        self.gap = 0

    def end_line(self) -> None:
        """Write the comment that ends the line: in its column of old, or two blanks away where it would not fit."""
        comment, self.behind = self.behind, None
        if comment is None:
            return
        gap = comment.column - self.column
        if gap < 2 or comment.column + width_of(comment.text) > WIDTH:
            gap = 2
        self.put(" " * gap + comment.text)
        self.places.append((comment.end, self.length))

    def comment(self, command: Comment) -> None:
        if not command.own:
            self.behind = command
            if command.last:
                self.fresh = Blank.NONE
            return
        if self.fresh is None:
            self.fresh = Blank.NONE if self.opened else Blank.COMMENTS
        self.start(command.blank, comment=True)
        self.put(command.text)
        self.places.append((command.end, self.length))
        self.opened = False
        self.fresh = Blank.KEPT

    def line(self, command: Line, at: int, flat: bool) -> None:
        if self.fresh is not None:
            self.fresh = max(self.fresh, command.blank) if not self.opened else self.fresh
        elif command.breaks(
            not (flat or (command.fill and not self.behind and self.rest_fits(at)))
        ):
            self.fresh = Blank.NONE if self.opened else command.blank
        else:
            self.gap += command.flat

    # --------------------------------------------------------------------------------------- room
    def room(self) -> int:
        """How many columns are left on the line, or on the new one that begins here."""
        used = self.column + self.gap if self.fresh is None else INDENT_SIZE * self.depth
        return WIDTH - used

    def fits(self, at: int) -> bool:
        """Does the group that opens at `at` fit flat, with what follows it up to the next possible break?"""
        room, depth, closed = self.room(), 0, False
        for i in range(at, len(self.commands)):
            command = self.commands[i]
            if command is OPEN:
                depth += 1
            elif command is CLOSE:
                depth -= 1
                closed = closed or not depth
            elif closed and (_line(command) or _own(command)):
                return True
            room -= taken(command)
            if room < 0:
                return False
        return True

    def rest_fits(self, at: int) -> bool:
        """Does what follows the line at `at` fit behind it, up to the next line that may or must break?"""
        room = self.room() - taken(self.commands[at])
        breaking: list[bool] = []
        for i in range(at + 1, len(self.commands)):
            command = self.commands[i]
            if command is OPEN:
                breaking.append(i in self.broken)
            elif command is CLOSE:
                if not breaking:
                    return True
                breaking.pop()
            elif _own(command) or (_line(command) and (not breaking or breaking[-1])):
                return True
            room -= taken(command)
            if room < 0:
                return False
        return True


def _line(command: Command) -> bool:
    return isinstance(command, Line) and not command.held


def _own(command: Command) -> bool:
    return isinstance(command, Comment) and command.own
