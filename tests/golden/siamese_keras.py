"""Siamese in Keras 3, made from siamese.dl.

Usage:
    python siamese_keras.py             train, test, write to runs/
    python siamese_keras.py --resume    go on after the last finished epoch
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
    x = {
        "left": read_array(arrays, "left", (8, 8, 1), np.float32),
        "right": read_array(arrays, "right", (8, 8, 1), np.float32),
    }
    y = {"same": read_array(arrays, "same", (1,), np.float32)}
    lengths = {name: len(array) for name, array in (x | y).items()}
    if len(set(lengths.values())) > 1:
        fail(f"the arrays in {path} have different lengths: {lengths}")

    train, val, test = split(y["same"], seed)
    for name in ["left", "right"]:
        x[name] = scale(x[name], train)
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
        self.size = len(self.y["same"])
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
        x = take(self.x, rows)
        y = self.y["same"][rows]
        return x, y


# --- model --------------------------------------------------------------------


def tower_block(image, features):
    # (N, 8, 8, 16)
    x = layers.Conv2D(16, 3, padding="same", kernel_initializer="he_normal")(image)
    x = layers.ReLU()(x)
    # (N, 8, 8, 32)
    x = layers.Conv2D(32, 3, padding="same", kernel_initializer="he_normal")(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D(2)(x)  # (N, 4, 4, 32)
    x = layers.Flatten()(x)  # (N, 512)
    x = layers.Dense(features, kernel_initializer="he_normal")(x)  # (N, 32)
    return layers.ReLU()(x)


def build_model(features=32):
    """Siamese; the outputs are logits, `predict` makes them probabilities."""
    left = keras.Input((8, 8, 1), name="left")
    right = keras.Input((8, 8, 1), name="right")
    tower_input = keras.Input((8, 8, 1))
    tower = keras.Model(tower_input, tower_block(tower_input, features), name="tower")
    a = tower(left)
    b = tower(right)
    branch1 = layers.Subtract()([a, b])  # (N, 32)
    branch2 = layers.Multiply()([a, b])  # (N, 32)
    same = layers.Concatenate()([branch1, branch2])  # (N, 64)
    same = layers.Dense(32, kernel_initializer="he_normal")(same)  # (N, 32)
    same = layers.ReLU()(same)
    same = layers.Dense(1)(same)  # (N, 1)
    return keras.Model([left, right], same, name="Siamese")


# --- training -----------------------------------------------------------------


def compile_model(model):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")],
    )
    model.optimizer.build(model.trainable_variables)


def improves(value, best):
    """Is a value better than the best? As 32-bit numbers, which Keras compares."""
    return best is None or np.float32(value) < np.float32(best)


class ModelCheckpoint(keras.callbacks.Callback):
    """Writes the model when the monitored value is the best.

    Keras' own would leave half a file where it is killed.
    """

    def __init__(self, out, file, monitor):
        super().__init__()
        self.out = out
        self.file = file
        self.monitor = monitor
        self.best = None

    def on_epoch_end(self, epoch, logs):
        value = logs[self.monitor]
        if not improves(value, self.best):
            return
        self.best = value
        replace_file(self.out / self.file, self.model.save)


def make_callbacks(out):
    return [
        keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=4),
        ModelCheckpoint(out, "best.keras", "val_loss"),
    ]


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
        self.state["stopped"] = self.model.stop_training
        remembered = ("best", "wait")
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
    """Return the probabilities, one row per example."""
    logits = model.predict(batches, verbose=0)
    return keras.ops.convert_to_numpy(keras.ops.sigmoid(logits))


# --- report -------------------------------------------------------------------


def report(out, history, metrics):
    """Write the learning curves and the metrics."""
    (out / "history.json").write_text(json.dumps(history, indent=2))
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2))

    names = ["loss", "accuracy"]
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
        print(f"{name:<15} {value:.4f}")
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
        default="specs/data/digit_pairs.npz",
        help="where the data is: %(default)s",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        default=20,
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
        default=Path("runs/siamese-keras"),
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
        if checkpoint.state.get("stopped"):
            print(f"the run had stopped early, after epoch {checkpoint.state['epoch']}")
        else:
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
    metrics = {f"test_{name}": scores[name] for name in ["loss", "accuracy"]}
    predictions = predict(model, test)
    draw_confusion(
        args.out / "confusion.png", test.y["same"], predictions > 0.5, range(2)
    )
    report(args.out, checkpoint.state["history"], metrics)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(error)
