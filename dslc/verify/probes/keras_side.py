"""Runs the Keras script."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
import tensorflow as tf
from keras.src import ops

from dslc.verify import trace
from dslc.verify.probes.stage import (
    Answers,
    Array,
    Done,
    Request,
    arguments,
    aside,
    instead,
    load,
    nothing,
    rows,
    serve,
    silent,
)

# The callbacks of a script that take part in updates, by the beginnings of their names; others look at epochs.
IN_UPDATES = ("LearningRate", "Averages")


def run(request: Request, answers: Answers) -> None:
    keras.utils.clear_session()
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    plain = load(request["plain"], "plain_script")
    marked = load(request["marked"], "marked_script")
    answers.say("first weights")
    for number in range(request["draws"]):
        keras.utils.set_random_seed(number)
        keep(answers, f"draw{number}", plain.build_model())
        keras.utils.clear_session()
    for dtype in request["dtypes"]:
        keras.config.set_floatx(dtype)
        keras.config.set_dtype_policy(dtype)
        with instead((ops, "cast", exact_cast)):
            answers.say(f"layers in {dtype}")
            layers(request, answers, marked, dtype)
            keras.utils.clear_session()
            if request["trains"]:
                answers.say(f"training in {dtype}")
                Training(request, answers, plain, dtype).run()
                keras.utils.clear_session()


def exact_cast(x: Any, dtype: Any, cast: Any = ops.cast) -> Any:
    """Keras makes a number of Python a float32 on the way to float64: beta1 = 0.9 becomes 0.899999976."""
    if isinstance(x, (int, float)) and not isinstance(x, bool):
        return keras.ops.convert_to_tensor(x, dtype)
    return cast(x, dtype)


def keep(answers: Answers, name: str, model: Any, values: list[Array] | None = None) -> None:
    """The weights of a model, or `values` in their places, as it saves them."""
    if values is None:
        model.save_weights(answers.folder / f"{name}.weights.h5")
    else:
        with restored(model):
            for variable, value in zip(model.weights, values, strict=True):
                variable.assign(value)
            model.save_weights(answers.folder / f"{name}.weights.h5")
    answers.facts.setdefault(name, True)


@contextlib.contextmanager
def restored(model: Any) -> Iterator[None]:
    """All that a model holds, put back at the end."""
    kept = [(variable, variable.numpy()) for variable in model.variables]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


def gradients(model: Any, tape: Any, loss: Any) -> list[Array]:
    """In the places of the weights; zero where nothing trains."""
    trained = {id(v): v for v in model.trainable_weights}
    found = tape.gradient(loss, [v.value for v in trained.values()])
    dense = {
        key: np.zeros(v.shape) if g is None else tf.convert_to_tensor(g).numpy()
        for (key, v), g in zip(trained.items(), found, strict=True)
    }
    return [dense.get(id(v), np.zeros(v.shape)) for v in model.weights]


def inputs_of(batch: dict[str, Array]) -> Any:
    found = list(batch.values())
    return found[0] if len(found) == 1 else found


# --------------------------------------------------------------------------- layer by layer


def layers(request: Request, answers: Answers, module: ModuleType, dtype: str) -> None:
    recorder = trace.start()

    def listen(mark: int, value: Any, frame: Any) -> None:
        """The operation behind a symbolic tensor."""
        history = getattr(value, "_keras_history", None)
        if history is not None:
            recorder.note(history.operation, (*recorder.open, mark))

    recorder.listen = listen
    model = module.build_model()
    silent(model._flatten_layers())
    model.load_weights(request["weights"][""])
    numbers: dict[int, int] = {}
    for made in recorder.made:
        numbers.setdefault(id(made), len(numbers))
    events: list[tuple[int, tuple[int, ...], Array]] = []
    original = keras.Operation.__call__

    def call(operation: Any, *args: Any, **named: Any) -> Any:
        value = original(operation, *args, **named)
        trail = recorder.trails.get(id(operation))
        if trail is not None and not isinstance(operation, keras.Model):
            one = value[0] if isinstance(value, (list, tuple)) else value
            events.append((numbers[id(operation)], trail, np.array(one)))
        return value

    def taken() -> list[tuple[tuple[int, ...], Array]]:
        """In the order in which the script made the layers: Keras calls them by depth."""
        found = sorted(events, key=lambda event: event[0])
        events.clear()
        return [(trail, value) for _, trail, value in found]

    inputs = inputs_of(request.batch(dtype))
    with instead((keras.Operation, "__call__", call)):
        model(inputs, training=False)
        answers.layers(f"{dtype}-inference", taken())
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            found = outputs if isinstance(outputs, dict) else {request["outputs"][0]: outputs}
            factors = request.factors(dtype)
            loss = tf.add_n([tf.reduce_sum(found[n] * factors[n]) for n in request["outputs"]])
        answers.layers(f"{dtype}-training", taken())
    keep(answers, f"{dtype}-statistics", model)
    if not request["trains"]:
        answers.facts[f"{dtype}-loss"] = float(loss)
        keep(answers, f"{dtype}-gradients", model, gradients(model, tape, loss))


# --------------------------------------------------------------------------- training


class Training:
    """The script's own run, on other batches, up to the end of its training."""

    def __init__(self, request: Request, answers: Answers, module: ModuleType, dtype: str) -> None:
        self.request, self.answers, self.module, self.dtype = request, answers, module, dtype
        self.phase = 0

    def run(self) -> None:
        module, request = self.module, self.request
        part = request.part("x", self.dtype), request.part("y", self.dtype)
        other = (*part,)  # what is not trained on is gone through once
        phases = getattr(module, "train_phases", None)
        build, fit = module.build_model, keras.Model.fit

        def build_silent(*args: Any, **named: Any) -> Any:
            model = build(*args, **named)
            silent(model._flatten_layers())
            return model

        def fit_here(model: Any, train: Any, **options: Any) -> Any:
            self.fit(fit, model, train, options)
            if phases is None:
                raise Done

        def all_phases(*args: Any) -> None:
            assert phases is not None
            phases(*args)
            raise Done

        changes = [
            *aside(module, (part, other, other), request["classes"]),
            *batches(module, request, part),
            (module, "build_model", build_silent),
            (module, "train_phases", all_phases),
            (keras.Model, "fit", fit_here),
            (module.Checkpoint, "take_best", nothing),
        ]
        if hasattr(module, "PHASES"):
            short = tuple((name, 1, *rest) for name, _, *rest in module.PHASES)
            changes.append((module, "PHASES", short))
        if request["mixed"]:
            changes.append((keras.config, "set_dtype_policy", nothing))
        argv = arguments(request, request["weights"][""])
        with (
            instead(*changes),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.suppress(Done),
        ):
            if hasattr(module, "train_and_test"):
                args = module.parse_args(argv)
                module.train_and_test(args, (part, other, other), args.out, 0)
            else:
                module.main(argv)

    def fit(self, fit: Any, model: Any, train: Any, options: dict[str, Any]) -> None:
        if self.phase == 0:
            self.begin(model, train, options.get("class_weight"))
        own = [c for c in options["callbacks"] if type(c).__name__.startswith(IN_UPDATES)]
        options |= {"callbacks": [*own, Notes(self)], "validation_data": None, "verbose": 0}
        fit(model, train, **options)
        keep(self.answers, f"{self.dtype}-phase{self.phase}-last", model)
        self.phase += 1

    def begin(self, model: Any, train: Any, class_weight: Any) -> None:
        """What the model says before it trains: its loss, its gradients, its predictions."""
        x, y, *rest = train[0]
        weight = rest[0] if rest else None
        if class_weight is not None:
            weight = np.array([class_weight.get(int(c), 1.0) for c in np.ravel(y)])
        with restored(model):
            with tf.GradientTape() as tape:
                predicted = model(x, training=True)
                loss = model.compute_loss(
                    x=x, y=y, y_pred=predicted, sample_weight=weight, training=True
                )
            self.answers.facts[f"{self.dtype}-loss"] = float(loss)
            self.answers.facts[f"{self.dtype}-penalty"] = float(sum(map(float, model.losses)))
            found = gradients(model, tape, loss)
        keep(self.answers, f"{self.dtype}-gradients", model, found)
        known = self.module.predict(model, self.module.Batches((train.x, train.y), 1))
        known = known if isinstance(known, dict) else {self.request["outputs"][0]: known}
        self.answers.arrays(
            f"{self.dtype}-predictions", {n: np.asarray(v) for n, v in known.items()}
        )


class Notes(keras.callbacks.Callback):  # type: ignore[misc]
    """Looks at the model after every batch, behind the callbacks of the script."""

    def __init__(self, training: Training) -> None:
        super().__init__()
        self.training = training

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        mine = self.training
        mine.answers.facts.setdefault(f"{mine.dtype}-losses", []).append(float(logs["loss"]))
        if batch + 1 == mine.request["accumulate"]:
            keep(mine.answers, f"{mine.dtype}-phase{mine.phase}-first", self.model)


def batches(module: ModuleType, request: Request, train: Any) -> list[tuple[Any, str, Any]]:
    """The script's `Batches`, with those of the comparison; in training they come round again."""
    size = request["batch"]

    def init(self: Any, part: Any, batch_size: int | None = None, seed: Any = None) -> None:
        keras.utils.PyDataset.__init__(self)
        self.x, self.y = part
        self.batch_size, self.seed, self.epoch = size, seed, 0
        self.size = len(next(iter(self.y.values())) if isinstance(self.y, dict) else self.y)
        self.count = request["steps"] if part is train else self.size // size

    def item(self: Any, index: int) -> Any:
        x, y = (rows(part, index * size % self.size, size) for part in (self.x, self.y))
        if isinstance(x, dict) and len(x) == 1:
            (x,) = x.values()
        if isinstance(y, dict) and len(y) == 1:
            (y,) = y.values()
        return x, y

    of = module.Batches
    return [
        (of, "__init__", init),
        (of, "__len__", lambda self: self.count),
        (of, "__getitem__", item),
        (of, "set_epoch", nothing),
    ]


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    serve(run)
