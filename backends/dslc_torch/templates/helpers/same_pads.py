def same_pads(x, kernel, stride, dilation=1):
    """What TensorFlow's `same` adds at both ends of each axis, the last axis first."""
    pads = []
    for axis, n in enumerate(x.shape[2:]):
        k, s, d = (
            v if isinstance(v, int) else v[axis] for v in (kernel, stride, dilation)
        )
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        pads = [total // 2, total - total // 2, *pads]
    return pads
