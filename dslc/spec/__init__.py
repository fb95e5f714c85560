"""From the tree to the bound spec: names resolved, sections bound, imports read."""
