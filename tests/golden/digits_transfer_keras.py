"""DigitsTransfer in Keras 3, made from digits_transfer.dl.

Usage:
    python digits_transfer_keras.py             train, test, write to runs/
    python digits_transfer_keras.py --resume    go on after the last finished epoch
"""

import argparse
import json
import logging
import math
import os
import sys
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
from keras import layers
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

# --- data ---------------------------------------------------------------------


def load_data(seed):
    """Return the train, val and test parts, each `(x, y)`, and the class names."""
    digits = load_digits()
    # Only the digits from 5 to 9, with labels from 0 on.
    chosen = np.isin(digits.target, range(5, 10))
    for name in ("images", "data", "target"):
        digits[name] = digits[name][chosen]
    digits.target -= 5
    digits.target_names = digits.target_names[5:10]
    x = digits.images[..., np.newaxis].astype(np.float32)
    y = digits.target.astype(np.int64)
    classes = [str(name) for name in digits.target_names]

    train, val, test = split(y, seed)
    x /= 16.0  # 0..16 -> 0..1
    parts = [(x[rows], y[rows]) for rows in (train, val, test)]
    return parts, classes


def split(y, seed):
    """Deal the rows 10 : 10 : 80, each class in the same proportion to every part."""
    rows = np.arange(len(y))
    try:
        train, rest = train_test_split(
            rows, train_size=0.1, stratify=y, random_state=seed
        )
        val, test = train_test_split(
            rest, train_size=0.1111111111, stratify=y[rest], random_state=seed
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


def load_weights(part, path):
    """Fill `part` from weights of its like, or from a model that it was part of."""
    if not Path(path).is_file():
        raise SystemExit(f"there are no weights at {path}")
    try:
        if path.endswith(".h5"):
            part.load_weights(path)
            return part
        saved = keras.models.load_model(path, compile=False).weights
    except Exception as error:
        raise SystemExit(f"{path} has no weights of this network") from error
    shapes, theirs = [w.shape for w in part.weights], [w.shape for w in saved]
    fitting = [
        start
        for start in range(len(theirs) - len(shapes) + 1)
        if theirs[start : start + len(shapes)] == shapes
    ]
    if len(fitting) != 1:
        found = f"{len(fitting)} parts" if fitting else "no part"
        raise SystemExit(f"{path} has {found} with the weights of this network")
    for weight, value in zip(part.weights, saved[fitting[0] :]):
        weight.assign(value)
    return part


def features(x):
    with keras.name_scope("edges"):
        x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)  # (N, 8, 8, 16)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
        x = layers.ReLU()(x)
    with keras.name_scope("strokes"):
        x = layers.Conv2D(32, 3, padding="same", use_bias=False)(x)  # (N, 8, 8, 32)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(2)(x)  # (N, 4, 4, 32)
        x = layers.Conv2D(32, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
        x = layers.ReLU()(x)
    return x


def build_model(classes=5):
    """DigitsTransfer; the outputs are logits, `predict` makes them probabilities."""
    image = keras.Input((8, 8, 1), name="image")
    with keras.name_scope("backbone"):
        backbone_input = keras.Input((8, 8, 1))
        backbone = load_weights(
            keras.Model(backbone_input, features(backbone_input), name="backbone"),
            "runs/digits_low-keras/best.keras",
        )
        x = backbone(image)  # (N, 4, 4, 32)
    x = layers.Flatten()(x)  # (N, 512)
    x = layers.Dense(classes)(x)  # (N, 5)
    return keras.Model(image, x, name="DigitsTransfer")


# --- training -----------------------------------------------------------------


def compile_model(model, optimizer):
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
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


class AdamByGroup(keras.optimizers.Adam):
    """Lets some weights learn at a share of the learning rate."""

    def update_step(self, gradient, variable, learning_rate):
        share = self.shares[self._get_variable_index(variable)]
        super().update_step(gradient, variable, share * learning_rate)


def set_shares(model, shares):
    """Let the weights of layers learn at shares of the learning rate."""
    found = {
        id(weight): share
        for layers_of_share, share in shares
        for layer in layers_of_share
        for weight in layer.weights
    }
    weights = model.trainable_variables
    model.optimizer.shares = [found.get(id(weight), 1.0) for weight in weights]


def leaves(model):
    """Go through all layers, those of models inside of the model too."""
    for layer in model.layers:
        yield from leaves(layer) if isinstance(layer, keras.Model) else [layer]


def named(model, *names):
    """Return the layers whose paths begin so."""
    return [layer for layer in leaves(model) if f"{layer.path}/".startswith(names)]


def freeze(model, frozen):
    """Keep these layers as they are; all others train."""
    for layer in leaves(model):
        layer.trainable = layer not in frozen
    for layer in named(model, "backbone/"):
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False  # it uses the statistics that it has


def begin_head(model, out):
    """Phase head: backbone stays as it is."""
    freeze(model, named(model, "backbone/"))
    compile_model(model, keras.optimizers.Adam(learning_rate=3e-3))
    return []


def begin_tune(model, out):
    """Phase tune: backbone trains from strokes on."""
    freeze(model, named(model, "backbone/edges/"))
    compile_model(model, AdamByGroup(learning_rate=1e-3))
    set_shares(model, [(named(model, "backbone/strokes/"), 0.1)])
    return [
        keras.callbacks.EarlyStopping(monitor="val_loss", mode="min", patience=6),
        ModelCheckpoint(out, "tune_best.keras", "val_loss"),
    ]


# Name, epochs, what begins it, which of its callbacks keeps the best epoch.
PHASES = (("head", 10, begin_head, None), ("tune", 15, begin_tune, 1))


def count_weights(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


class Checkpoint(keras.callbacks.Callback):
    """Writes after every epoch all that `--resume` needs."""

    def __init__(self, out, seed, batch_size):
        super().__init__()
        self.out = out
        self.state = {"seed": seed, "batch_size": batch_size, "epoch": 0, "history": {}}

    def begin(self, model, number):
        """Start a phase: what trains, with a new optimiser and new callbacks."""
        self.state |= {"phase": number, "start": self.state["epoch"], "stopped": False}
        self.state.pop("callbacks", None)
        self.callbacks = PHASES[number][2](model, self.out)

    def take_best(self, model):
        """Go on with the weights of the best epoch of the phase, if it keeps them."""
        keeper = PHASES[self.state["phase"]][3]
        if keeper is not None and self.callbacks[keeper].file is not None:
            model.load_weights(self.out / self.callbacks[keeper].file)

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
        self.state["history"].setdefault("phase", []).append(self.state["phase"] + 1)
        self.state["epoch"] = epoch + 1
        self.state["stopped"] = self.model.stop_training
        remembered = ("best", "wait", "file")
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
        if state.get("phase") not in range(len(PHASES)):
            fail(f"{path} was made by another model")
        self.state["epoch"] = state["start"]  # where the phase began
        self.begin(model, state["phase"])
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


def report(out, history, metrics):
    """Write the learning curves and the metrics."""
    (out / "history.json").write_text(json.dumps(history, indent=2))
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2))

    names = ["loss", "accuracy"]
    phases = history["phase"]
    columns = min(len(names), 3)
    rows = math.ceil(len(names) / columns)
    figure = Figure(figsize=(5 * columns, 4 * rows), layout="constrained")
    for place, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, columns, place)
        for series in (name, f"val_{name}"):
            epochs = range(1, len(history[series]) + 1)
            axes.plot(epochs, history[series], label=series)
        for epoch in range(1, len(phases)):
            if phases[epoch] != phases[epoch - 1]:
                axes.axvline(epoch + 0.5, color="gray", linestyle=":")
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
        default=Path("runs/digits_transfer-keras"),
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


def train_phases(model, checkpoint, train, val):
    """Go through the phases that are left."""
    for number in range(checkpoint.state["phase"], len(PHASES)):
        if number > checkpoint.state["phase"]:
            checkpoint.take_best(model)
            checkpoint.begin(model, number)
        name, epochs = PHASES[number][:2]
        print(
            f"phase {name}: {epochs} epochs, "
            f"{count_weights(model):,} of {checkpoint.size:,} parameters train"
        )
        end = checkpoint.state["start"] + epochs
        if checkpoint.state["epoch"] < end and not checkpoint.state["stopped"]:
            model.fit(
                train,
                validation_data=val,
                epochs=end,
                initial_epoch=checkpoint.state["epoch"],
                callbacks=[*checkpoint.callbacks, checkpoint],
                shuffle=False,  # Batches shuffles
                verbose=1 if sys.stdout.isatty() else 2,
            )


def main(argv=None):
    args = parse_args(argv)
    with pick_device(args.device):
        run(args)


def run(args):
    # TensorFlow warns when it traces the model of each phase anew.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    keras.utils.set_random_seed(args.seed)

    parts, classes = load_data(args.seed)
    train = Batches(parts[0], args.batch_size, args.seed)
    val = Batches(parts[1], args.batch_size)
    test = Batches(parts[2], args.batch_size)

    model = build_model()
    if args.init_weights:
        start_from(model, args.init_weights)
    checkpoint = Checkpoint(args.out, args.seed, args.batch_size)
    checkpoint.size = count_weights(model)
    checkpoint.begin(model, 0)
    checkpoint.train = train
    if not args.resume:
        (args.out / "last.npz").unlink(missing_ok=True)  # of an earlier run
    elif not checkpoint.restore(model):
        print(f"nothing to resume in {args.out}: starting at the beginning")
    args.out.mkdir(parents=True, exist_ok=True)
    try:
        train_phases(model, checkpoint, train, val)
    except KeyboardInterrupt:
        if not checkpoint.restore(model):
            fail("stopped before the first epoch ended: nothing to report")
        print(f"\ninterrupted after epoch {checkpoint.state['epoch']}")

    checkpoint.take_best(model)
    replace_file(args.out / "final.keras", model.save)
    scores = model.evaluate(test, return_dict=True, verbose=0)
    metrics = {f"test_{name}": scores[name] for name in ["loss", "accuracy"]}
    predictions = predict(model, test)
    draw_confusion(
        args.out / "confusion.png", test.y, predictions.argmax(axis=-1), classes
    )
    report(args.out, checkpoint.state["history"], metrics)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(error)
