"""Rows for merges: each is a layer on the list of its inputs."""

from __future__ import annotations

from dslc.codegen.emission import Context, Op
from dslc.codegen.nodes import Lit
from dslc.vocab import merges
from dslc_keras.words.table import TABLE, layer, unless

LAYERS: dict[type[merges.Merge], str] = {
    merges.Add: "Add",
    merges.Subtract: "Subtract",
    merges.Average: "Average",
    merges.Maximum: "Maximum",
    merges.Multiply: "Multiply",
}


@TABLE.row(*LAYERS)
def plain(word: merges.Merge, context: Context) -> Op:
    return layer(context, LAYERS[type(word)])


@TABLE.row(merges.Concat)
def concat(word: merges.Concat, context: Context) -> Op:
    return layer(context, "Concatenate", axis=unless(word.axis, -1))


@TABLE.row(merges.Dot)
def dot(word: merges.Dot, context: Context) -> Op:
    return layer(context, "Dot", axes=Lit(1), normalize=unless(word.normalize, False))
