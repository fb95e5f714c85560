"""`dslc words`: the reference in the terminal."""

from __future__ import annotations

import textwrap

import click

from dslc import reference as ref
from dslc.cli import FINE
from dslc.cli.console import fail, say, style, table, width
from dslc.diagnostics import did_you_mean
from dslc.vocab.word import Word


@click.command("words")
@click.argument("name", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "markdown")),
    default="text",
    help="For the terminal, or as the page of the documentation.",
)
def words_command(name: str | None, form: str) -> int:
    """Look up NAME: a word such as Conv2D or relu, or a kind such as layer. Without NAME, list all."""
    if form == "markdown":
        from dslc.codegen.backend import backend_names, load_backend

        found = [backend for n in backend_names() if (backend := load_backend(n))]
        say(ref.markdown(found))
        return FINE
    vocabulary = ref.vocabulary()
    if name is None:
        say("\n".join(_list(kind, words) for kind, words in vocabulary.items()))
        say("\n`dslc words NAME` says more.\n")
        return FINE
    kind = next((k for k in vocabulary if name.lower() in (k, f"{k}s", f"{k}es")), None)
    matches = ref.find(name)
    if kind is not None and not matches:
        say(_list(kind, vocabulary[kind]))
        return FINE
    if not matches:
        owners = ref.having(name)
        if owners:
            shown = ", ".join(owners[:6]) + (", …" if len(owners) > 6 else "")
            fail(f"`{name}` is a parameter, not a word", f"it is explained with {shown}")
        close = did_you_mean(name, ref.names())
        hint = f"did you mean `{close}`?" if close else "`dslc words` lists them"
        fail(f"there is no word `{name}`", hint)
    say("\n".join(_page(word, asked=name) for word in matches))
    return FINE


def _list(kind: str, words: dict[str, type[Word]]) -> str:
    title, where = ref.kind_title(kind)
    head = style(title, bold=True) + (f": {where}" if where else "")
    wide = max(map(len, words))
    room = max(20, width() - wide - 4)
    lines = [head]
    for name, word in words.items():
        about = textwrap.shorten(ref.first_sentence(word), room, placeholder=" …")
        lines.append(f"  {style(name.ljust(wide), fg='cyan')}  {about}")
    return "\n".join(lines) + "\n"


def _page(word: type[Word], asked: str) -> str:
    room = min(width(), 100)
    lines: list[str] = []
    if asked != word.word:
        lines += [f"`{asked}` is called `{word.word}` here.", ""]
    lines += _signature(word, room)
    lines[-1] += f"   {style(word.kind, dim=True)}"
    for paragraph in ref.doc(word):
        lines += ["", *_wrapped(paragraph, room, "  ")]
    if ref.formula(word):
        lines += ["", *(f"      {line}" for line in ref.formula(word))]
    rows = ref.table(word)
    if rows:
        lines += ["", style("parameters", bold=True)]
        for row, head in zip(
            rows, table([(r.name, r.default or "required", "|") for r in rows]), strict=True
        ):
            about = _wrapped(f"{row.about}; {row.takes}", room, " " * (len(head) + 1))
            lines += [f"  {head[:-1]}{about[0].strip()}", *about[1:]]
    if word.examples:
        lines += ["", style("examples", bold=True)]
        for example in word.examples:
            shapes = ref.example_shapes(example)
            lines.append(f"  {example}" + (style(f"   # {shapes}", dim=True) if shapes else ""))
    lines += _backends(word)
    if word.reference:
        lines += ["", *_wrapped(f"source: {word.reference}", room, "")]
    if word.aliases:
        lines += ["", *_wrapped(f"called elsewhere: {', '.join(word.aliases)}", room, "")]
    return "\n".join(lines) + "\n"


def _signature(word: type[Word], room: int) -> list[str]:
    """The signature, its further lines set under its first parameter."""
    text = ref.signature(word)
    indent = " " * (min(text.find("(") + 1, 24) if "(" in text else 4)
    first, *rest = textwrap.wrap(text, room - 16, subsequent_indent=indent, break_on_hyphens=False)
    return [first.replace(word.word, style(word.word, bold=True, fg="cyan"), 1), *rest]


def _wrapped(text: str, room: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        room,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _backends(word: type[Word]) -> list[str]:
    """What each backend writes for the first example, or why it refuses the word."""
    from dslc.codegen.backend import backend_names, load_backend

    if not word.examples or ref.example_spec(word.examples[0]) is None:
        return []
    lines: list[str] = []
    for name in backend_names():
        backend = load_backend(name)
        assert backend is not None
        reason = (
            ""
            if word.kind in ("initializer", "regularizer", "constraint")
            else ref.support(word, backend)
        )
        code = None if reason else ref.code_for(word.examples[0], backend)
        mark = style("✗", fg="red") if reason else style("✓", fg="green")
        lines += ["", f"{style(backend.title, bold=True)} {mark} {reason}".rstrip()]
        lines += [f"  {line}".rstrip() for line in (code or "").splitlines()]
    return lines
