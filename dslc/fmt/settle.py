"""Which groups must break whatever their width: those with comments or hard lines inside."""

from __future__ import annotations

from dslc.fmt.document import CLOSE, OPEN, Command, Comment, Line


def settle(commands: list[Command]) -> set[int]:
    """The indexes of the `OPEN`s of the groups that break.

    A comment behind code ends its line: the next line of a group around it breaks. Where none comes before another
    comment does, the line breaks right behind the first, as it did in the source.
    """
    _part(commands, _broken(commands))
    return _broken(commands)


def whole(commands: list[Command]) -> set[int]:
    """The indexes of the `OPEN`s of the groups that never break: all lines in them are held."""
    found: set[int] = set()
    stack: list[
        tuple[int, set[bool]]
    ] = []  # groups that are open, and whether lines in them are held
    for i, command in enumerate(commands):
        if command is OPEN:
            stack.append((i, set()))
        elif command is CLOSE:
            start, held = stack.pop()
            if held == {True}:
                found.add(start)
            if stack:
                stack[-1][1].update(held)
        elif isinstance(command, Line) and stack:
            stack[-1][1].add(command.held)
    return found


def _broken(commands: list[Command]) -> set[int]:
    broken: set[int] = set()
    stack: list[int] = []
    low = -1  # while a comment ends the line: the least number of groups that were open since
    for i, command in enumerate(commands):
        if command is OPEN:
            stack.append(i)
        elif command is CLOSE:
            stack.pop()
            low = min(low, len(stack))
        elif isinstance(command, Comment):
            if command.own or command.last:
                broken.update(stack)
            low = -1 if command.own or command.last else len(stack)
        elif isinstance(command, Line) and command.breaks(len(stack) <= low):
            broken.update(stack)
            low = -1
    return broken


def _part(commands: list[Command], broken: set[int]) -> None:
    """Mark the comments behind which no line is sure to break before the next comment."""
    stack: list[int] = []
    low = -1
    waiting: Comment | None = None
    for i, command in enumerate(commands):
        if command is OPEN:
            stack.append(i)
        elif command is CLOSE:
            stack.pop()
            low = min(low, len(stack))
        elif isinstance(command, Comment):
            if waiting is not None and not command.own:
                waiting.last = True
            waiting, low = (None, -1) if command.own else (command, len(stack))
        elif waiting is not None and isinstance(command, Line):
            sure = len(stack) <= low or (not command.fill and stack[-1] in broken)
            if command.breaks(sure):
                waiting, low = None, -1
