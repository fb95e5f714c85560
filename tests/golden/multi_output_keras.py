"""DigitAndInk in Keras 3, made from multi_output.dl.

Usage:
    python multi_output_keras.py             train, test, write to runs/
    python multi_output_keras.py --resume    go on after the last finished epoch
"""

import argparse
import json
import math
import os
import sys
import zipfile
import zlib
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
from keras import layers
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

# --- data ---------------------------------------------------------------------


def load_data(path, seed):
    """Return the train, val and test parts, each `(x, y)`."""
    try:
        with np.load(path) as archive:
            arrays = dict(archive)
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror or error}")
    except (EOFError, TypeError, ValueError, zipfile.BadZipFile, zlib.error):
        fail(f"{path} is not an archive of arrays of numbers, as np.savez writes")
    x = {"image": read_array(arrays, "image", (8, 8, 1), np.float32)}
    y = {
        "digit": read_array(arrays, "digit", (), np.int64),
        "ink": read_array(arrays, "ink", (1,), np.float32),
    }
    lengths = {name: len(array) for name, array in (x | y).items()}
    if len(set(lengths.values())) > 1:
        fail(f"the arrays in {path} have different lengths: {lengths}")
    check_labels(y["digit"], 10, path)

    train, val, test = split(y["digit"], seed)
    x["image"] = scale(x["image"], train)
    return [(take(x, rows), take(y, rows)) for rows in (train, val, test)]


def read_array(arrays, name, shape, dtype):
    """Return the array `name`, whose rows have the shape, None where a size is free."""
    if name not in arrays:
        fail(f"the archive has no array {name!r}; it has {', '.join(arrays)}")
    array = arrays[name]
    if array.ndim == len(shape) and shape and shape[-1] == 1:
        array = array[..., np.newaxis]
    fits = array.ndim == 1 + len(shape) and all(
        want in (None, have) for have, want in zip(array.shape[1:], shape)
    )
    if not fits:
        fail(f"rows of {name!r} are {array.shape[1:]}, the model needs {shape}")
    if not array.size:
        fail(f"{name!r} is empty")
    if array.dtype.kind not in "biuf":
        fail(f"{name!r} holds values of type {array.dtype}, which are not numbers")
    if not np.isfinite(array).all():
        fail(f"{name!r} holds values that are not finite numbers (NaN or infinity)")
    if dtype is np.int64 and (array % 1).any():
        fail(f"{name!r} holds fractions, the model needs whole numbers")
    return array.astype(dtype)


def take(arrays, rows):
    return {name: array[rows] for name, array in arrays.items()}


def check_labels(y, classes, path):
    if y.min() < 0 or y.max() >= classes:
        fail(f"{path} has labels {y.min()} to {y.max()}, the model {classes} classes")


def scale(x, train):
    """Scale each feature by its values in the training part."""
    axis = tuple(range(x.ndim - 1))
    low, high = x[train].min(axis=axis), x[train].max(axis=axis)
    high[high == low] += 1  # a constant feature becomes 0
    return (x - low) / (high - low)


def split(y, seed):
    """Deal the rows 70 : 15 : 15, each class in the same proportion to every part."""
    rows = np.arange(len(y))
    try:
        train, rest = train_test_split(
            rows, train_size=0.7, stratify=y, random_state=seed
        )
        val, test = train_test_split(
            rest, train_size=0.5, stratify=y[rest], random_state=seed
        )
    except ValueError as error:
        fail(f"cannot split the data: {error}")
    return train, val, test


class Batches(keras.utils.PyDataset):
    """Batches of `(x, y)`; with a seed, in an order that is a function of the epoch."""

    def __init__(self, part, batch_size, seed=None):
        super().__init__()
        self.x, self.y = part
        self.batch_size = batch_size
        self.size = len(self.y["digit"])
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch):
        self.order = np.arange(self.size)
        if self.seed is not None:
            rng = np.random.default_rng([self.seed, epoch])
            self.order = rng.permutation(self.size)

    def __len__(self):
        return math.ceil(self.size / self.batch_size)

    def __getitem__(self, index):
        start = index * self.batch_size
        rows = self.order[start : start + self.batch_size]
        x = self.x["image"][rows]
        y = take(self.y, rows)
        return x, y


# --- model --------------------------------------------------------------------


def build_model(classes=10):
    """DigitAndInk; the outputs digit are logits, `predict` makes them probabilities."""
    image = keras.Input((8, 8, 1), name="image")
    trunk = layers.Conv2D(32, 3, padding="same", use_bias=False)(image)  # (N, 8, 8, 32)
    trunk = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(trunk)
    trunk = layers.ReLU()(trunk)
    trunk = layers.MaxPooling2D(2)(trunk)  # (N, 4, 4, 32)
    trunk = layers.Conv2D(64, 3, padding="same", use_bias=False)(trunk)  # (N, 4, 4, 64)
    trunk = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(trunk)
    trunk = layers.ReLU()(trunk)
    digit = layers.Flatten()(trunk)  # (N, 1024)
    digit = layers.Dropout(0.3)(digit)
    digit = layers.Dense(classes)(digit)  # (N, 10)
    ink = layers.GlobalAveragePooling2D()(trunk)  # (N, 64)
    ink = layers.Dense(16, kernel_initializer="he_normal")(ink)  # (N, 16)
    ink = layers.ReLU()(ink)
    ink = layers.Dense(1)(ink)  # (N, 1)
    return keras.Model(image, {"digit": digit, "ink": ink}, name="DigitAndInk")


# --- training -----------------------------------------------------------------


def compile_model(model):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss={
            "digit": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "ink": keras.losses.MeanSquaredError(),
        },
        metrics={
            "digit": [
                keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
                keras.metrics.MeanMetricWrapper(
                    keras.losses.SparseCategoricalCrossentropy(
                        from_logits=True, reduction="none"
                    ),
                    name="mean_loss",
                ),
            ],
            "ink": [
                keras.metrics.MeanAbsoluteError(name="mae"),
                keras.metrics.MeanMetricWrapper(
                    keras.losses.MeanSquaredError(reduction="none"), name="mean_loss"
                ),
            ],
        },
    )
    model.optimizer.build(model.trainable_variables)
    keras_result = model.get_metrics_result

    def exact_result():
        # In the loss of an output Keras counts a smaller last batch as much as others.
        logs = keras_result()
        for name in ["digit", "ink"]:
            logs[f"{name}_loss"] = logs.pop(f"{name}_mean_loss")
        return logs

    model.get_metrics_result = exact_result


def improves(value, best, larger=False):
    """Is a value better than the best? As 32-bit numbers, which Keras compares."""
    if best is None:
        return True
    if larger:
        return np.float32(value) > np.float32(best)
    return np.float32(value) < np.float32(best)


class ModelCheckpoint(keras.callbacks.Callback):
    """Writes the model when the monitored value is the best.

    Keras' own would leave half a file where it is killed.
    """

    def __init__(self, out, file, monitor, larger=False):
        super().__init__()
        self.out = out
        self.file = file
        self.monitor = monitor
        self.larger = larger  # is better
        self.best = None

    def on_epoch_end(self, epoch, logs):
        value = logs[self.monitor]
        if not improves(value, self.best, larger=self.larger):
            return
        self.best = value
        replace_file(self.out / self.file, self.model.save)


def make_callbacks(out):
    return [ModelCheckpoint(out, "best.keras", "val_digit_accuracy", larger=True)]


class Checkpoint(keras.callbacks.Callback):
    """Writes after every epoch all that `--resume` needs."""

    def __init__(self, out, seed, batch_size, callbacks):
        super().__init__()
        self.out = out
        self.callbacks = callbacks
        self.state = {"seed": seed, "batch_size": batch_size, "epoch": 0, "history": {}}

    def on_train_begin(self, logs=None):
        # Keras has just reset its callbacks; this one comes last and sets them right.
        for callback, memory in zip(self.callbacks, self.state.get("callbacks", [])):
            vars(callback).update(memory)

    def on_epoch_begin(self, epoch, logs=None):
        # Keras calls `on_epoch_end` of batches before the first epoch too.
        self.train.set_epoch(epoch)

    def on_epoch_end(self, epoch, logs):
        if not math.isfinite(logs["loss"]):
            fail(
                f"the loss became {logs['loss']} in epoch {epoch + 1}: "
                "a smaller learning rate may help"
            )
        for name, value in logs.items():
            self.state["history"].setdefault(name, []).append(value)
        self.state["epoch"] = epoch + 1
        remembered = ("best",)
        self.state["callbacks"] = [
            {
                name: value
                for name, value in vars(callback).items()
                if name in remembered
            }
            for callback in self.callbacks
        ]
        self.state["made_of"] = self.made_of(self.model)
        replace_file(self.out / "last.npz", self.save)

    def made_of(self, model):
        """What a checkpoint must agree with."""
        return [type(part).__name__ for part in (model.optimizer, *self.callbacks)]

    def save(self, path):
        values = [variable.numpy() for variable in variables(self.model)]
        np.savez(path, *values, state=json.dumps(self.state))

    def restore(self, model):
        """Take over the last checkpoint; return whether there is one."""
        path = self.out / "last.npz"
        if not path.exists():
            return False
        try:
            with np.load(path) as saved:
                state = json.loads(str(saved["state"]))
                values = [saved[f"arr_{i}"] for i in range(len(saved.files) - 1)]
                options = {name: state[name] for name in ("seed", "batch_size")}
        except Exception as error:  # of whatever the file holds
            raise OSError(f"{path} is damaged, or not a checkpoint") from error
        for name, value in options.items():
            if value != self.state[name]:
                option = f"--{name.replace('_', '-')} {value}"
                fail(f"{path} was made with {option}: resume with it")
        shapes = [tuple(variable.shape) for variable in variables(model)]
        fits = shapes == [value.shape for value in values]
        if state["made_of"] != self.made_of(model) or not fits:
            fail(f"{path} was made by another model, optimizer or callbacks")
        for variable, value in zip(variables(model), values):
            variable.assign(value)
        self.state = state
        return True


def variables(model):
    """Weights, statistics, dropout's random state, optimiser state, learning rate."""
    return model.variables + model.optimizer.variables


def replace_file(path, write):
    """Write beside `path`, then rename: a full disk or a kill spares the old file."""
    unfinished = path.with_name(f"unfinished.{path.name}")
    try:
        write(unfinished)
        os.replace(unfinished, path)
    except (OSError, RuntimeError) as error:
        unfinished.unlink(missing_ok=True)
        fail(f"cannot write {path}: {error}")


def predict(model, batches):
    """Return the predictions by output, one row per example."""
    found = model.predict(batches, verbose=0)
    found["digit"] = keras.ops.convert_to_numpy(keras.ops.softmax(found["digit"]))
    return found


# --- report -------------------------------------------------------------------


def report(out, history, metrics):
    """Write the learning curves and the metrics."""
    (out / "history.json").write_text(json.dumps(history, indent=2))
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2))

    names = ["loss", "digit_loss", "digit_accuracy", "ink_loss", "ink_mae"]
    columns = min(len(names), 3)
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(5 * columns, 4 * rows), layout="constrained")
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, columns, place)
        for series in (name, f"val_{name}"):
            epochs = range(1, len(history[series]) + 1)
            axes.plot(epochs, history[series], label=series)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    figure.savefig(out / "curves.png")

    for name, value in metrics.items():
        print(f"{name:<21} {value:.4f}")
    print(f"written to {out}/")


def draw_confusion(path, true, predicted, classes):
    """Draw how often each class was taken for each."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    ConfusionMatrixDisplay.from_predictions(
        true.ravel(),
        predicted.ravel(),
        labels=range(len(classes)),
        display_labels=classes,
        include_values=len(classes) <= 30,
        colorbar=False,
        ax=figure.subplots(),
    )
    figure.savefig(path)


def draw_predictions(path, true, predicted):
    """Draw predictions over the true values: the line is where they are equal."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.plot(true, predicted, ".")
    middle = float(true.mean())
    axes.axline((middle, middle), slope=1, color="grey")
    axes.set(xlabel="true", ylabel="predicted")
    figure.savefig(path)


# --- command line -------------------------------------------------------------


def fail(message):
    sys.exit(f"{Path(__file__).name}: {message}")


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {text}")
    return number


def parse_args(argv):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--data",
        default="specs/data/digit_ink.npz",
        help="where the data is: %(default)s",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        default=15,
        help="train up to this epoch: %(default)s",
    )
    parser.add_argument(
        "--batch-size",
        type=positive,
        default=32,
        help="examples in a batch: %(default)s",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="of the split, the weights and the order: %(default)s",
    )
    parser.add_argument("--device", help="such as cpu, gpu or gpu:1")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/multi_output-keras"),
        help="the folder for results: %(default)s",
    )
    parser.add_argument(
        "--init-weights",
        type=Path,
        metavar="FILE",
        help="start from these weights: .weights.h5 or .keras",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run in OUT"
    )
    args = parser.parse_args(argv)
    if args.resume and args.init_weights:
        parser.error(
            "--resume goes on with the weights of the run: leave out --init-weights"
        )
    if not 0 <= args.seed < 2**32:
        parser.error("--seed must be from 0 to 4294967295")
    return args


def pick_device(name):
    """Return the named device as a context; without a name Keras chooses."""
    if name is None:
        return nullcontext()
    wanted = name.lower() if ":" in name else f"{name.lower()}:0"
    list_devices = keras.distribution.list_devices
    found = {*list_devices("cpu"), *list_devices()}
    if wanted not in found:
        fail(f"no device {name!r}; there is {', '.join(sorted(found))}")
    return keras.device(wanted)


def start_from(model, path):
    """Give `model` the weights of a file, in place of those that it drew."""
    if not path.is_file():
        fail(f"there are no weights at {path}")
    try:
        model.load_weights(path)
    except Exception as error:  # of whatever the file holds
        raise OSError(f"{path} does not hold weights of this model") from error


def main(argv=None):
    args = parse_args(argv)
    with pick_device(args.device):
        run(args)


def run(args):
    keras.utils.set_random_seed(args.seed)

    parts = load_data(args.data, args.seed)
    train = Batches(parts[0], args.batch_size, args.seed)
    val = Batches(parts[1], args.batch_size)
    test = Batches(parts[2], args.batch_size)

    model = build_model()
    if args.init_weights:
        start_from(model, args.init_weights)
    compile_model(model)
    callbacks = make_callbacks(args.out)
    checkpoint = Checkpoint(args.out, args.seed, args.batch_size, callbacks)
    checkpoint.train = train
    if not args.resume:
        (args.out / "last.npz").unlink(missing_ok=True)  # of an earlier run
    elif not checkpoint.restore(model):
        print(f"nothing to resume in {args.out}: starting at the beginning")
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        model.fit(
            train,
            validation_data=val,
            epochs=args.epochs,
            initial_epoch=checkpoint.state["epoch"],
            callbacks=[*callbacks, checkpoint],
            shuffle=False,  # Batches shuffles
            verbose=1 if sys.stdout.isatty() else 2,
        )

    except KeyboardInterrupt:
        if not checkpoint.restore(model):
            fail("stopped before the first epoch ended: nothing to report")
        print(f"\ninterrupted after epoch {checkpoint.state['epoch']}")

    model.load_weights(args.out / "best.keras")
    scores = model.evaluate(test, return_dict=True, verbose=0)
    metrics = {
        f"test_{name}": scores[name]
        for name in ["loss", "digit_loss", "digit_accuracy", "ink_loss", "ink_mae"]
    }
    predictions = predict(model, test)
    draw_confusion(
        args.out / "confusion_digit.png",
        test.y["digit"],
        predictions["digit"].argmax(axis=-1),
        range(10),
    )
    draw_predictions(
        args.out / "predictions_ink.png", test.y["ink"], predictions["ink"]
    )
    report(args.out, checkpoint.state["history"], metrics)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(error)
