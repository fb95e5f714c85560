"""Losses and metrics as scikit-learn and NumPy compute them, from what a script predicts on its test part.

`report(spec, out)` is evaluated beside a script: what its model, with the weights that it kept, says of the test part.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import sklearn.metrics as sk

Array = np.ndarray


def predictions(spec: ModuleType, out: Path, path: str | None = None) -> tuple[Any, Any]:
    """The targets of the test part and the predictions, by output where there are several."""
    loaded = spec.load_data(*([path] if path else []), 0)
    part = (loaded[0] if isinstance(loaded, tuple) else loaded)[2]
    test, model = spec.Batches(part, 16), spec.build_model()
    if hasattr(spec, "torch"):
        model.load_state_dict(spec.torch.load(out / "final.pt"))
        return test.y, spec.predict(model, spec.DataLoader(test, batch_size=None))
    model.load_weights(out / "final.keras")
    return test.y, spec.predict(model, test)


def auc(y: Array, p: Array) -> float:
    """As the reference has it: trapezoids between 200 thresholds that are evenly spaced from 0 to 1."""
    thresholds = np.linspace(0, 1, 200)
    thresholds[[0, -1]] = -1e-7, 1 + 1e-7
    hits = [[(p[y == label] > t).mean() for t in thresholds] for label in (0, 1)]
    assert abs(-np.trapezoid(hits[1], hits[0]) - sk.roc_auc_score(y, p)) < 0.02
    return float(-np.trapezoid(hits[1], hits[0]))


def measure(word: str, task: str, y: Array, p: Array, **values: float) -> float:
    """`word` with its parameters, over all places; y and p as the script has them."""
    if task == "classes":
        classes = p.shape[-1]
        y, p = y.reshape(-1), p.reshape(-1, classes).astype(float)
        hard, average = p.argmax(1), {"average": "macro", "labels": range(classes)}
        if word == "cross_entropy":
            s = values.get("label_smoothing", 0.0)
            true = np.eye(classes)[y] * (1 - s) + s / classes
            return float(-(true * np.log(p)).sum(1).mean())
        if word == "top_k":
            return float(sk.top_k_accuracy_score(y, p, k=values["k"], labels=range(classes)))
    elif task == "binary":
        y, p = y.reshape(-1), p.reshape(-1).astype(float)
        hard, average = (p > 0.5) * 1, {}
        if word == "binary_cross_entropy":
            s = values.get("label_smoothing", 0.0)
            true = y * (1 - s) + s / 2
            return float(-(true * np.log(p) + (1 - true) * np.log1p(-p)).mean())
        if word == "auc":
            return auc(y, p)
    else:
        error, delta = np.abs(y.astype(float) - p), values.get("delta", 1.0)
        return float(
            {
                "mse": lambda: (error**2).mean(),
                "mae": lambda: error.mean(),
                "rmse": lambda: np.sqrt((error**2).mean()),
                "huber": lambda: np.where(
                    error <= delta, error**2 / 2, delta * (error - delta / 2)
                ).mean(),
            }[word]()
        )
    if word == "accuracy":
        return float(sk.accuracy_score(y, hard))
    score = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}[word]
    return float(score(y, hard, zero_division=0, **average))
