"""Whether both scripts of a spec are the same model: every layer, gradient and update, number by number.

Both scripts run as they are, each in a process of its own with its framework (`probes`), on the same weights and the
same made-up batches; what they computed comes back as arrays and is judged here. A second version of each script,
equal but for the marks of `instrument`, tells which value belongs to which layer of the spec.
"""
