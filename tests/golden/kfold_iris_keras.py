"""Iris in Keras 3, made from kfold_iris.dl.

Usage:
    python kfold_iris_keras.py             train and test in every fold, write to runs/
    python kfold_iris_keras.py --resume    go on after the last finished epoch
"""

import argparse
import json
import logging
import math
import os
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
from keras import layers
from matplotlib.figure import Figure
from scipy.stats import t
from sklearn.datasets import load_iris
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import StratifiedKFold, train_test_split

# --- data ---------------------------------------------------------------------


def read_data():
    """Return the examples and their targets as they are, and the class names."""
    iris = load_iris()
    x = iris.data.astype(np.float32)
    y = iris.target.astype(np.int64)
    classes = [str(name) for name in iris.target_names]

    return x, y, classes


def make_parts(x, y, *parts):
    """Return `(x, y)` for the rows of each part; statistics are those of the first."""
    train = parts[0]
    mean, std = x[train].mean(axis=0), x[train].std(axis=0)
    std[std == 0] = 1  # a constant feature becomes 0
    x = (x - mean) / std
    return [(x[rows], y[rows]) for rows in parts]


def make_folds(y, seed):
    """Return the train, val and test rows of each fold; every row is tested once."""
    smallest = np.unique(y, return_counts=True)[1].min()
    if smallest < 5:
        fail(f"a class has {smallest} examples: too few for 5 folds")
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return [
        (*split(y, rest, seed + number), test)
        for number, (rest, test) in enumerate(folds.split(y, y), 1)
    ]


def split(y, rows, seed):
    """Deal the rows 85 : 15, each class in the same proportion to both parts."""
    try:
        return train_test_split(
            rows, train_size=0.85, stratify=y[rows], random_state=seed
        )
    except ValueError as error:
        fail(f"cannot split the data: {error}")


class Batches(keras.utils.PyDataset):
    """Batches of `(x, y)`; with a seed, in an order that is a function of the epoch."""

    def __init__(self, part, batch_size, seed=None):
        super().__init__()
        self.x, self.y = part
        self.batch_size = batch_size
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch):
        self.order = np.arange(len(self.y))
        if self.seed is not None:
            rng = np.random.default_rng([self.seed, epoch])
            self.order = rng.permutation(len(self.y))

    def __len__(self):
        return math.ceil(len(self.y) / self.batch_size)

    def __getitem__(self, index):
        start = index * self.batch_size
        rows = self.order[start : start + self.batch_size]
        return self.x[rows], self.y[rows]


# --- model --------------------------------------------------------------------


def build_model(classes=3):
    """Iris; the outputs are logits, `predict` makes them probabilities."""
    measures = keras.Input((4,), name="measures")
    x = layers.Dense(16, kernel_initializer="he_normal")(measures)  # (N, 16)
    x = layers.ReLU()(x)
    x = layers.Dense(classes)(x)  # (N, 3)
    return keras.Model(measures, x, name="Iris")


# --- training -----------------------------------------------------------------


class Confusion(keras.metrics.Metric):
    """A score of an epoch's confusion matrix: rows are true, columns predictions."""

    def __init__(self, score, classes, name):
        super().__init__(name=name)
        self.score = score
        self.classes = classes
        self.matrix = self.add_weight(
            shape=(classes, classes), initializer="zeros", name="matrix"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        predicted = keras.ops.argmax(y_pred, axis=-1)
        rows = keras.ops.one_hot(
            keras.ops.cast(keras.ops.ravel(y_true), "int32"), self.classes
        )
        columns = keras.ops.one_hot(keras.ops.ravel(predicted), self.classes)
        self.matrix.assign_add(keras.ops.matmul(keras.ops.transpose(rows), columns))

    def result(self):
        return self.score(self.matrix)


def f1(matrix):
    hits = keras.ops.diagonal(matrix)
    examples, predictions = keras.ops.sum(matrix, 1), keras.ops.sum(matrix, 0)
    found = 2 * hits / keras.ops.maximum(examples + predictions, 1)
    return keras.ops.mean(found)


def compile_model(model):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-2),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            Confusion(f1, 3, name="f1"),
        ],
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
        keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=8),
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
    """Return the class probabilities, one row per example."""
    logits = model.predict(batches, verbose=0)
    return keras.ops.convert_to_numpy(keras.ops.softmax(logits))


# --- report -------------------------------------------------------------------


def forget_folds(out):
    """Remove what marks the folds of an earlier run as finished or begun."""
    for name in ("metrics.json", "last.npz"):
        for path in out.glob(f"fold_*/{name}"):
            path.unlink()


def save_fold(out, told, rows, history, metrics, predictions):
    """Write what a fold came to; the last file, metrics.json, says that it is done."""
    (out / "history.json").write_text(json.dumps(history, indent=2))
    np.savez(out / "predictions.npz", told=told, rows=rows, predictions=predictions)
    text = json.dumps(metrics, indent=2)
    replace_file(out / "metrics.json", lambda path: path.write_text(text))


def is_finished(out, told, rows):
    """Was the fold trained and tested? One with other options or data is refused."""
    if not (out / "metrics.json").exists():
        return False
    with np.load(out / "predictions.npz") as saved:
        if saved["told"] != told:
            fail(f"{out} was made with {saved['told']}: resume with it")
        if not np.array_equal(saved["rows"], rows):
            fail(f"{out} was made with other data: leave out --resume")
    return True


def report(args, outs, y, classes):
    """Write what all folds say together."""
    folds = [json.loads((out / "metrics.json").read_text()) for out in outs]
    metrics = {}
    for name in ["loss", "accuracy", "f1"]:
        metrics[name] = summary(np.array([fold[f"test_{name}"] for fold in folds]))
    written = {
        "protocol": "kfold(5)",
        "trainings": len(outs),
        "seed": args.seed,
        "confidence": 0.95,
        "interval": "of the mean, by the t-distribution",
        "metrics": metrics,
    }

    rows, predictions = read_predictions(outs)
    true = y[rows]
    written["confusion"] = {
        "classes": list(classes),
        "matrix": confusion_matrix(
            true.ravel(),
            predictions.argmax(axis=-1).ravel(),
            labels=range(len(classes)),
        ).tolist(),
    }
    draw_confusion(
        args.out / "confusion.png", true, predictions.argmax(axis=-1), classes
    )
    (args.out / "report.json").write_text(json.dumps(written, indent=2))
    draw_folds(args.out / "folds.png", metrics)

    for name, value in metrics.items():
        low, high = value["interval"]
        spread = f"± {value['deviation']:.4f}   {low:.4f} to {high:.4f}"
        print(f"{name:<8} {value['mean']:.4f} {spread}")
    print(f"written to {args.out}/")


def read_predictions(outs):
    """Return the rows that the folds tested, and what they said of them."""
    saved = []
    for out in outs:
        with np.load(out / "predictions.npz") as arrays:
            saved.append(dict(arrays))
    rows = np.concatenate([fold["rows"] for fold in saved])
    predictions = np.concatenate([fold["predictions"] for fold in saved])
    return rows, predictions


def summary(values):
    """Return values, their mean, deviation and 95 % interval of the mean."""
    mean, deviation = values.mean(), values.std(ddof=1)
    # Folds share training rows, so that this is rather too narrow.
    reach = t.ppf(0.975, len(values) - 1) * deviation / math.sqrt(len(values))
    return {
        "values": values.tolist(),
        "mean": mean,
        "deviation": deviation,
        "interval": [mean - reach, mean + reach],
    }


def draw_folds(path, metrics):
    """Draw the value of every fold, their mean as a line and its interval as a band."""
    columns = min(len(metrics), 3)
    rows = math.ceil(len(metrics) / columns)
    figure = Figure(figsize=(5 * columns, 4 * rows), layout="constrained")
    for place, (name, found) in enumerate(metrics.items(), 1):
        axes = figure.add_subplot(rows, columns, place)
        axes.axhspan(*found["interval"], alpha=0.2, label="95 % interval")
        axes.axhline(found["mean"], label=f"mean {found['mean']:.4g}")
        folds = range(1, len(found["values"]) + 1)
        axes.plot(folds, found["values"], "o")
        axes.set(title=name, xlabel="fold")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    figure.savefig(path)


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
        "--epochs",
        type=positive,
        default=40,
        help="train up to this epoch: %(default)s",
    )
    parser.add_argument(
        "--batch-size",
        type=positive,
        default=16,
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
        default=Path("runs/kfold_iris-keras"),
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
    if not 0 <= args.seed < 2**31:  # folds add their number
        parser.error("--seed must be from 0 to 2147483647")
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


def train_and_test(args, parts, out, seed):
    """Train a fresh model on a fold; return its history, metrics and predictions."""
    keras.utils.clear_session()  # the model of the fold before
    keras.utils.set_random_seed(seed)
    train = Batches(parts[0], args.batch_size, seed)
    val = Batches(parts[1], args.batch_size)
    test = Batches(parts[2], args.batch_size)

    model = build_model()
    if args.init_weights:
        start_from(model, args.init_weights)
    compile_model(model)
    callbacks = make_callbacks(out)
    checkpoint = Checkpoint(out, seed, args.batch_size, callbacks)
    checkpoint.train = train
    if args.resume:
        checkpoint.restore(model)
    out.mkdir(parents=True, exist_ok=True)
    if not checkpoint.state.get("stopped"):
        model.fit(
            train,
            validation_data=val,
            epochs=args.epochs,
            initial_epoch=checkpoint.state["epoch"],
            callbacks=[*callbacks, checkpoint],
            shuffle=False,  # Batches shuffles
            verbose=0,
        )

    model.load_weights(out / "best.keras")
    scores = model.evaluate(test, return_dict=True, verbose=0)
    metrics = {f"test_{name}": scores[name] for name in ["loss", "accuracy", "f1"]}
    return checkpoint.state["history"], metrics, predict(model, test)


def main(argv=None):
    args = parse_args(argv)
    with pick_device(args.device):
        run(args)


def run(args):
    # TensorFlow warns when it traces the model of each fold anew.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    x, y, classes = read_data()
    folds = make_folds(y, args.seed)
    outs = [args.out / f"fold_{number:02}" for number in range(1, len(folds) + 1)]
    told = f"--seed {args.seed} --epochs {args.epochs} --batch-size {args.batch_size}"
    if not args.resume:
        forget_folds(args.out)
    elif not args.out.exists():
        print(f"nothing to resume in {args.out}: starting at the beginning")
    print(f"{len(folds)} trainings", flush=True)
    for number, (rows, out) in enumerate(zip(folds, outs), 1):
        start = time.perf_counter()
        if not (args.resume and is_finished(out, told, rows[2])):
            parts = make_parts(x, y, *rows)
            seed = args.seed + number  # of this fold's weights and order
            try:
                found = train_and_test(args, parts, out, seed)
            except KeyboardInterrupt:
                fail(f"interrupted in fold {number}: --resume goes on from there")
            save_fold(out, told, rows[2], *found)
        metrics = json.loads((out / "metrics.json").read_text())
        scores = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
        title = f"fold {number:>{len(str(len(folds)))}}/{len(folds)}"
        print(f"{title}  {time.perf_counter() - start:.1f}s  {scores}", flush=True)
    report(args, outs, y, classes)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(error)
