"""Digits in Keras 3, made from augmentation.dl.

Usage:
    python augmentation_keras.py             train, test, write to runs/
    python augmentation_keras.py --resume    go on after the last finished epoch
"""

import argparse
import json
import math
import os
import random
import sys
import threading
from contextlib import nullcontext
from importlib.metadata import packages_distributions, version
from pathlib import Path

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import albumentations as A
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
    x = digits.images[..., np.newaxis].astype(np.float32)
    y = digits.target.astype(np.int64)
    classes = [str(name) for name in digits.target_names]
    x = np.rint(x * (255 / 16)).astype(np.uint8)  # 0..16 -> 0..255

    train, val, test = split(y, seed)
    parts = [(Pictures(x[rows]), y[rows]) for rows in (train, val, test)]
    return parts, classes


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


class Pictures:
    """Pictures as bytes: `pictures[rows]` is a batch, scaled; `changed` augments it."""

    def __init__(self, pixels):
        self.pixels = pixels

    def __len__(self):
        return len(self.pixels)

    def __getitem__(self, rows):
        return self.scale(self.pixels[rows])

    def changed(self, rows, seed):
        pixels = [augment(self.pixels[row], [*seed, row]) for row in rows]
        return self.scale(np.stack(pixels))

    def scale(self, pixels):
        return pixels.astype(np.float32) / 255.0  # 0..255 -> 0..1


class Transforms(threading.local):
    """A pipeline has random state of its own, so that every thread makes one."""

    def __init__(self):
        self.pipeline = A.Compose(
            [
                A.Affine(
                    translate_percent=(-0.1, 0.1),
                    scale=(0.9, 1.1),
                    rotate=(-12.0, 12.0),
                    shear=(-8.0, 8.0),
                    keep_ratio=True,
                    p=0.9,
                ),
                A.RandomBrightnessContrast(
                    brightness_limit=0.1, contrast_limit=0.2, p=0.5
                ),
                A.GaussNoise(std_range=(0.01, 0.05), p=0.3),
                A.CoarseDropout(
                    num_holes_range=(1, 1),
                    hole_height_range=(0.25, 0.3),
                    hole_width_range=(0.25, 0.3),
                    p=0.3,
                ),
            ],
        )


TRANSFORMS = Transforms()


def augment(picture, seed):
    """Return a picture of bytes, changed in a way that `seed` alone decides."""
    rng = np.random.default_rng(seed)
    TRANSFORMS.pipeline.set_random_state(rng, random.Random(int(rng.integers(2**32))))
    # A copy: some transforms write into what they get.
    return TRANSFORMS.pipeline(image=picture.copy())["image"]


def note_augmentation(out):
    """Write down which package made the pixels: the forks of albumentations differ."""
    name = packages_distributions()["albumentations"][0]
    made = {"augmentation": f"{name} {version(name)}"}
    (out / "run.json").write_text(json.dumps(made, indent=2))


class Batches(keras.utils.PyDataset):
    """Batches of `(x, y)`; with a seed, shuffled and augmented anew for each epoch."""

    def __init__(self, part, batch_size, seed=None):
        super().__init__()
        self.x, self.y = part
        self.batch_size = batch_size
        self.seed = seed
        self.set_epoch(0)

    def set_epoch(self, epoch):
        self.epoch = epoch
        self.order = np.arange(len(self.y))
        if self.seed is not None:
            rng = np.random.default_rng([self.seed, epoch])
            self.order = rng.permutation(len(self.y))

    def __len__(self):
        return math.ceil(len(self.y) / self.batch_size)

    def __getitem__(self, index):
        start = index * self.batch_size
        rows = self.order[start : start + self.batch_size]
        if self.seed is None:
            x = self.x[rows]
        else:
            x = self.x.changed(rows, [self.seed, self.epoch])
        y = self.y[rows]
        return x, y


# --- model --------------------------------------------------------------------


def build_model(classes=10):
    """Digits; the outputs are logits, `predict` makes them probabilities."""
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(image)  # (N, 8, 8, 16)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(32, 3, padding="same", use_bias=False)(x)  # (N, 8, 8, 32)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D(2)(x)  # (N, 4, 4, 32)
    x = layers.Conv2D(64, 3, padding="same", use_bias=False)(x)  # (N, 4, 4, 64)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)  # (N, 64)
    x = layers.Dense(classes)(x)  # (N, 10)
    return keras.Model(image, x, name="Digits")


# --- training -----------------------------------------------------------------


def compile_model(model):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    model.optimizer.build(model.trainable_variables)


def make_callbacks():
    return [
        keras.callbacks.ReduceLROnPlateau(
            monitor="val_loss", mode="min", factor=0.5, patience=2
        ),
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
        remembered = ("best", "wait", "cooldown_counter")
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
        "--epochs",
        type=positive,
        default=12,
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
        default=Path("runs/augmentation-keras"),
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

    parts, classes = load_data(args.seed)
    train = Batches(parts[0], args.batch_size, args.seed)
    val = Batches(parts[1], args.batch_size)
    test = Batches(parts[2], args.batch_size)

    model = build_model()
    if args.init_weights:
        start_from(model, args.init_weights)
    compile_model(model)
    callbacks = make_callbacks()
    checkpoint = Checkpoint(args.out, args.seed, args.batch_size, callbacks)
    checkpoint.train = train
    if not args.resume:
        (args.out / "last.npz").unlink(missing_ok=True)  # of an earlier run
    elif not checkpoint.restore(model):
        print(f"nothing to resume in {args.out}: starting at the beginning")
    args.out.mkdir(parents=True, exist_ok=True)
    note_augmentation(args.out)
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
