"""`dslc weights`: first weights, and files of weights shown, compared and converted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dslc.cli import FINDINGS, FINE
from dslc.cli.backends import analyse_or_report, choose, find_backend, stem_of
from dslc.cli.console import fail, reason, safe, say, table

if TYPE_CHECKING:
    from dslc.driver import Analysis, ModelAnalysis
    from dslc.weights.convert import Array
    from dslc.weights.saved import Kind

FILE = click.Path(path_type=Path)
LIBRARIES = ("torchvision", "keras.applications")
NAMES = {"canonical": ".safetensors", "torch": ".pt", "keras": ".weights.h5"}
force_option = click.option(
    "-f", "--force", is_flag=True, help="Overwrite the file if it is there."
)
model_option = click.option(
    "-m", "--model", metavar="NAME", help="Which model, if the file has several."
)


@click.group("weights")
def weights_command() -> None:
    """Draw first weights; show, compare and convert files of weights.

    Files are canonical (.safetensors with the names of the spec), of PyTorch (.pt) or of Keras (.keras, .weights.h5).
    """


@contextmanager
def _plainly() -> Iterator[None]:
    """What is wrong with a file is said in a line."""
    try:
        from dslc.weights.problem import Problem

        try:
            yield
        except Problem as problem:
            fail(problem.message, problem.help)
    except ImportError as problem:
        if problem.name not in ("numpy", "h5py"):
            raise
        fail(f"`dslc weights` needs {problem.name}", "pip install 'dslc[weights]'")


@weights_command.command("init", short_help="Draw the first weights of a spec.")
@click.argument("spec", type=FILE)
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, help="Other weights: 0 by default."
)
@click.option(
    "-o", "--output", metavar="FILE", type=FILE, help="Where to write; its end says for whom."
)
@click.option("-b", "--backend", metavar="NAME", help="For whom, without -o: keras or torch.")
@model_option
@force_option
def init(
    spec: Path, seed: int, output: Path | None, backend: str | None, model: str | None, force: bool
) -> int:
    """Draw the first weights of SPEC, as its initialisers say.

    Every array is drawn by its name, so that another layer elsewhere does not change it. Both scripts start from
    the same weights with --init-weights.
    """
    target = find_backend(backend).name if backend is not None else None
    with _plainly():
        from dslc.weights.saved import kind_of_name

        if output is None:
            output = Path(stem_of(spec) + NAMES[target or "canonical"])
        kind = kind_of_name(output)
        if target is not None and kind != target:
            fail(f"`{output}` is not the name of a file for {target}", f"end it in {NAMES[target]}")
        found = _analysed(spec, model)
        if found is None:
            return FINDINGS
        from dslc.weights.draw import draw
        from dslc.weights.layers import layers_of

        arrays = draw(layers_of(found[1].graph), seed)
        _write(output, kind, arrays, found, spec, force)
    return FINE


@weights_command.command("show", short_help="List the arrays of a file.")
@click.argument("file", type=FILE)
def show(file: Path) -> int:
    """List the arrays of FILE: shape, type, smallest, mean and largest value, norm.

    Values that are not finite (NaN, infinity) are counted; with any, the exit code is 1.
    """
    with _plainly():
        from dslc.weights.saved import load
        from dslc.weights.table import rows

        saved = load(file)
        found, lost = rows(saved.arrays)
    for line in table([tuple(map(safe, row)) for row in found], right=(3, 4, 5, 6)):
        say(f"{line}\n")
    count = sum(array.size for array in saved.arrays.values())
    about = "".join(
        f", {k} {v}" for k, v in saved.metadata.items() if k in ("dslc", "spec", "model")
    )
    many = f"{len(saved.arrays):,} array{'' if len(saved.arrays) == 1 else 's'}"
    say(f"\n{many}, {count:,} numbers: {saved.kind}{safe(about)}\n")
    if lost:
        say(f"{lost:,} numbers are not finite\n", err=True)
    return FINDINGS if lost else FINE


@weights_command.command("diff", short_help="List the arrays that differ between two files.")
@click.argument("first", type=FILE)
@click.argument("second", type=FILE)
@click.option(
    "--spec", type=FILE, help="The spec of both, to compare files of different frameworks."
)
@model_option
def diff(first: Path, second: Path, spec: Path | None, model: str | None) -> int:
    """List the arrays that differ between FIRST and SECOND, and by how much.

    The exit code is 0 when all are the same bit by bit, else 1.
    """
    with _plainly():
        from dslc.weights.saved import load
        from dslc.weights.table import difference_rows, differences

        a, b = load(first), load(second)
        if spec is not None:
            found = _analysed(spec, model)
            if found is None:
                return FINDINGS
            mine, other = (_canonical(saved.path, found) for saved in (a, b))
        elif a.kind != b.kind:
            fail(
                f"`{first}` is {a.kind}, `{second}` is {b.kind}", "add --spec SPEC to compare them"
            )
        else:
            mine, other = a.arrays, b.arrays
        gaps = differences(mine, other)
    if not gaps:
        say(f"the same: {len(mine):,} arrays\n")
        return FINE
    for line in table([tuple(map(safe, row)) for row in difference_rows(gaps)], right=(1, 2)):
        say(f"{line}\n")
    say(f"\n{len(gaps):,} of {len({*mine, *other}):,} arrays differ\n")
    return FINDINGS


@weights_command.command(
    "convert", short_help="Move weights between Keras, PyTorch and the canonical layout."
)
@click.argument("source", type=FILE)
@click.argument("target", type=FILE)
@click.option("--spec", type=FILE, required=True, help="The spec whose weights these are.")
@click.option(
    "--from",
    "library",
    type=click.Choice(LIBRARIES),
    help="The file has the weights of a network of this library, under its names.",
)
@model_option
@force_option
def convert(
    source: Path, target: Path, spec: Path, library: str | None, model: str | None, force: bool
) -> int:
    """Write the weights of SOURCE to TARGET, in the layout that the end of its name asks for.

    `.pt` for PyTorch, `.weights.h5` for Keras, `.safetensors` for the canonical layout.
    """
    with _plainly():
        from dslc.weights.saved import kind_of_name

        kind = kind_of_name(target)
        found = _analysed(spec, model)
        if found is None:
            return FINDINGS
        arrays = (
            _canonical(source, found) if library is None else _of_library(source, found, library)
        )
        _write(target, kind, arrays, found, spec, force)
    return FINE


# --------------------------------------------------------------------------- what they share


def _analysed(spec: Path, model: str | None) -> tuple[Analysis, ModelAnalysis] | None:
    analysis = analyse_or_report(spec)
    chosen = None if analysis is None else choose(analysis, model)
    return None if analysis is None or chosen is None else (analysis, chosen)


def _canonical(path: Path, found: tuple[Analysis, ModelAnalysis]) -> dict[str, Array]:
    """The arrays of a file in the names and layout of the spec."""
    from dslc.weights.convert import check, from_framework
    from dslc.weights.layers import layers_of
    from dslc.weights.places import kept_by
    from dslc.weights.saved import load

    saved = load(path)
    if saved.kind == "canonical":
        return check(saved.arrays, layers_of(found[1].graph), f"`{path}`")
    return from_framework(saved.arrays, kept_by(*found, find_backend(saved.kind)), f"`{path}`")


def _of_library(
    path: Path, found: tuple[Analysis, ModelAnalysis], library: str
) -> dict[str, Array]:
    from dslc.weights.foreign import fit
    from dslc.weights.layers import layers_of
    from dslc.weights.saved import load

    saved = load(path)
    kind = "torch" if library == "torchvision" else "keras"
    if saved.kind != kind:
        fail(f"`{path}` is {saved.kind}, not a file of {library}")
    fitted = fit(saved, found[1].graph, layers_of(found[1].graph))
    for line in table([(library, "spec"), *((safe(a), b) for a, b in fitted.pairs)]):
        say(f"{line}\n")
    for note in fitted.notes:
        say(f"note: {safe(note)}\n")
    say("note: names and shapes fit; strides, paddings and epsilons are not in the file\n")
    return fitted.arrays


def _write(
    place: Path,
    kind: Kind,
    arrays: dict[str, Array],
    found: tuple[Analysis, ModelAnalysis],
    spec: Path,
    force: bool,
) -> None:
    from dslc.files import write_atomic
    from dslc.weights.convert import to_framework
    from dslc.weights.places import kept_by
    from dslc.weights.saved import encoded

    if place.is_dir():
        fail(f"`{place}` is a folder", "name a file in it")
    if place.exists() and not force:
        fail(f"`{place}` is there already", "choose another name, or overwrite it with --force")
    name = found[1].definition.name
    count = sum(array.size for array in arrays.values())
    if kind != "canonical":
        arrays = to_framework(arrays, kept_by(*found, find_backend(kind)))
    try:
        if not place.parent.is_dir():
            fail(f"there is no folder `{place.parent}`", f"mkdir -p {place.parent}")
        write_atomic(place, encoded(kind, arrays, spec.name, name))
    except OSError as problem:
        fail(f"`{place}` cannot be written: {reason(problem)}", "name another file")
    say(f"{safe(str(place))}: {name}, {len(arrays):,} arrays, {count:,} numbers\n")
