"""The model as a graph: one node a layer application, shapes inferred."""

from dslc.graph.build import build
from dslc.graph.model import Frame, Graph, Node

__all__ = ["Frame", "Graph", "Node", "build"]
