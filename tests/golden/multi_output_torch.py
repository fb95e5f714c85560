"""DigitAndInk in PyTorch, made from multi_output.dl.

Usage:
    python multi_output_torch.py             train, test, write to runs/
    python multi_output_torch.py --resume    go on after the last finished epoch
"""

import argparse
import json
import math
import os
import sys
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset

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


class Batches(Dataset):
    """Batches of `(x, y)`; with a seed, in an order that is a function of the epoch."""

    def __init__(self, part, batch_size, seed=None):
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
        x = {
            name: torch.from_numpy(array) for name, array in take(self.x, rows).items()
        }
        y = {
            name: torch.from_numpy(array) for name, array in take(self.y, rows).items()
        }
        x["image"] = x["image"].movedim(-1, 1)  # channels first
        return x, y


# --- model --------------------------------------------------------------------


class BatchNorm2d(nn.BatchNorm2d):
    """BatchNorm whose running variance takes the biased variance of a batch."""

    def forward(self, x):
        kept = self.running_var * (1 - self.momentum)
        n = x.numel() / x.shape[1]
        # torch refuses one value a channel; two alike have its mean and variance.
        alone = self.training and n == 1
        y = super().forward(torch.cat([x, x]) if alone else x)[: len(x)]
        if self.training:
            # A new tensor: backward still needs the one that torch has updated.
            self.running_var = kept + (self.running_var - kept) * (n - 1) / n
        return y


def he_normal_(tensor):
    """Normal of variance 2 / fan_in, cut at two standard deviations."""
    std = (2 / tensor[0].numel()) ** 0.5 / 0.8796256610342398  # less by the cut
    return nn.init.trunc_normal_(tensor, std=std, a=-2 * std, b=2 * std)


def own_init(layer, **laws):
    """The layer with first weights of its own, which `init_weights` prefers."""
    for part in layer.modules():
        names = [name for name in laws if getattr(part, name, None) is not None]
        part.own_init = {name: laws[name] for name in names}
    return layer


class DigitAndInk(nn.Module):
    """DigitAndInk; the outputs digit are logits, `predict` makes them probabilities."""

    def __init__(self, classes=10):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding="same", bias=False),  # (N, 32, 8, 8)
            BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),  # (N, 32, 4, 4)
            nn.Conv2d(32, 64, 3, padding="same", bias=False),  # (N, 64, 4, 4)
            BatchNorm2d(64),
            nn.ReLU(),
        )
        self.digit = nn.Sequential(
            nn.Dropout(0.3),
            nn.Linear(1024, classes),  # (N, 10)
        )
        self.ink = nn.Sequential(
            own_init(nn.Linear(64, 16), weight=he_normal_),  # (N, 16)
            nn.ReLU(),
            nn.Linear(16, 1),  # (N, 1)
        )

    def forward(self, image):
        trunk = self.trunk(image)
        digit = trunk.permute(0, 2, 3, 1).flatten(1)  # channels last, as in the spec
        digit = self.digit(digit)
        ink = trunk.mean((2, 3))  # (N, 64)
        ink = self.ink(ink)
        return {"digit": digit, "ink": ink}


def init_weights(module):
    """Draw the first weights of a layer as the spec says; torch's own draws differ."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    for name, fill in getattr(module, "own_init", {}).items():
        fill(getattr(module, name))


def build_model(classes=10):
    return DigitAndInk(classes).apply(init_weights)


# --- training -----------------------------------------------------------------


def adam_epsilon(optimizer, args, kwargs):
    """Add Adam's epsilon outside the bias-corrected root, as Keras does."""
    for group in optimizer.param_groups:
        group["t"] = group.get("t", 0) + 1
        group["eps"] = 1e-7 / math.sqrt(1 - group["betas"][1] ** group["t"])


def improves(value, best, larger=False):
    """Is a value better than the best? As 32-bit numbers, which Keras compares."""
    if best is None:
        return True
    if larger:
        return np.float32(value) > np.float32(best)
    return np.float32(value) < np.float32(best)


class ModelCheckpoint:
    """Writes the model when the monitored value is the best."""

    def __init__(self, file, monitor, larger=False):
        self.file = file
        self.monitor = monitor
        self.larger = larger  # is better
        self.best = None

    def end_epoch(self, run, epoch, logs):
        value = logs[self.monitor]
        if not improves(value, self.best, larger=self.larger):
            return
        self.best = value
        saved = {
            "model": run.model.state_dict(),
            "optimizer": run.optimizer.state_dict(),
        }
        run.save(saved, self.file)


class Run:
    """A model in training, with everything that `--resume` needs to go on."""

    def __init__(self, model, device, out, seed, batch_size):
        self.model = model
        self.device = device
        self.out = out
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        self.optimizer.register_step_pre_hook(adam_epsilon)
        self.callbacks = [ModelCheckpoint("best.pt", "val_digit_accuracy", larger=True)]
        self.state = {"seed": seed, "batch_size": batch_size, "epoch": 0, "history": {}}

    def fit(self, train, val, epochs):
        for epoch in range(self.state["epoch"], epochs):
            start = time.perf_counter()
            title = f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}"
            # Seeded by epoch, so that a resumed run repeats an uninterrupted one.
            torch.manual_seed(self.state["seed"] + epoch)
            train.dataset.set_epoch(epoch)
            logs = self.go_through(train, training=title)
            if not math.isfinite(logs["loss"]):
                fail(
                    f"the loss became {logs['loss']} in epoch {epoch + 1}: "
                    "a smaller learning rate may help"
                )
            for name, value in self.go_through(val).items():
                logs[f"val_{name}"] = value
            self.end_epoch(logs)
            scores = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
            show(f"{title}  {time.perf_counter() - start:.1f}s  {scores}", end="\n")

    def go_through(self, batches, training=None):
        """Train on the batches, or only test; return the mean loss and metrics."""
        self.model.train(training is not None)
        sums = {
            "loss": 0.0,
            "digit_loss": 0.0,
            "ink_loss": 0.0,
            "digit_accuracy": 0.0,
            "ink_mae": 0.0,
        }
        examples = 0
        for x, y in batches:
            x = {name: value.to(self.device) for name, value in x.items()}
            y = {name: value.to(self.device) for name, value in y.items()}
            size = len(next(iter(y.values())))
            with torch.set_grad_enabled(training is not None):
                outputs = self.model(x["image"])
                digit_loss = F.cross_entropy(outputs["digit"], y["digit"])
                ink_loss = F.mse_loss(outputs["ink"], y["ink"])
                loss = digit_loss + ink_loss
            if training:
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                show(f"{training}  {examples / batches.dataset.size:4.0%}")
            sums["loss"] += loss.detach() * size
            sums["digit_loss"] += digit_loss.detach() * size
            sums["ink_loss"] += ink_loss.detach() * size
            sums["digit_accuracy"] += (outputs["digit"].argmax(1) == y["digit"]).sum()
            sums["ink_mae"] += F.l1_loss(outputs["ink"].detach(), y["ink"]) * size
            examples += size
        return {name: float(value / examples) for name, value in sums.items()}

    def end_epoch(self, logs):
        """Record the epoch, let the callbacks act, write what `--resume` needs."""
        epoch = self.state["epoch"]
        for name, value in logs.items():
            self.state["history"].setdefault(name, []).append(value)
        for callback in self.callbacks:
            callback.end_epoch(self, epoch, logs)
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
        self.state["made_of"] = self.made_of()
        last = {name: part.state_dict() for name, part in self.parts().items()}
        self.save(last | {"state": self.state}, "last.pt")

    def parts(self):
        """All that has a state, by its name in a checkpoint."""
        return {"model": self.model, "optimizer": self.optimizer}

    def made_of(self):
        """What a checkpoint must agree with."""
        return [type(part).__name__ for part in (self.optimizer, *self.callbacks)]

    def save(self, value, name):
        replace_file(self.out / name, lambda path: torch.save(value, path))

    def restore(self):
        """Take over the last checkpoint; return whether there is one."""
        path = self.out / "last.pt"
        if not path.exists():
            return False
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
            state = saved["state"]
            options = {name: state[name] for name in ("seed", "batch_size")}
        except Exception as error:  # of whatever the file holds
            raise OSError(f"{path} is damaged, or not a checkpoint") from error
        for name, value in options.items():
            if value != self.state[name]:
                option = f"--{name.replace('_', '-')} {value}"
                fail(f"{path} was made with {option}: resume with it")
        try:
            if state["made_of"] != self.made_of():
                raise ValueError
            for name, part in self.parts().items():
                part.load_state_dict(saved[name])
        except (KeyError, RuntimeError, ValueError):
            fail(f"{path} was made by another model, optimizer or callbacks")
        for callback, memory in zip(self.callbacks, state["callbacks"]):
            vars(callback).update(memory)
        self.state = state
        return True


def replace_file(path, write):
    """Write beside `path`, then rename: a full disk or a kill spares the old file."""
    unfinished = path.with_name(f"unfinished.{path.name}")
    try:
        write(unfinished)
        os.replace(unfinished, path)
    except (OSError, RuntimeError) as error:
        unfinished.unlink(missing_ok=True)
        fail(f"cannot write {path}: {error}")


def show(line, end=""):
    """Print over the line before on a terminal; elsewhere only finished lines."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end=end, flush=True)
    elif end:
        print(line, flush=True)


@torch.no_grad()
def predict(model, batches):
    """Return the predictions by output, one row per example."""
    model.eval()
    device = next(model.parameters()).device
    found = []
    for x, _ in batches:
        batch = model(x["image"].to(device))
        found.append({name: value.cpu() for name, value in batch.items()})
    outputs = {name: torch.cat([batch[name] for batch in found]) for name in found[0]}
    return {
        "digit": outputs["digit"].softmax(dim=1).numpy(),
        "ink": outputs["ink"].numpy(),
    }


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
    parser.add_argument("--device", help="such as cpu, cuda, cuda:1 or mps")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/multi_output-torch"),
        help="the folder for results: %(default)s",
    )
    parser.add_argument(
        "--init-weights",
        type=Path,
        metavar="FILE",
        help="start from these weights: a state_dict, .pt",
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
    """Return the named device, or else the accelerator if there is one, or the CPU."""
    found = [torch.device("cpu")]
    if torch.accelerator.is_available():
        kind = torch.accelerator.current_accelerator().type
        count = torch.accelerator.device_count()
        found = [torch.device(kind, index) for index in range(count)] + found
    if name is None:
        return found[0]
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (AssertionError, RuntimeError):
        fail(f"no device {name!r}; there is {', '.join(map(str, reversed(found)))}")
    return device


def start_from(model, path, device):
    """Give `model` the weights of a state_dict, in place of those that it drew."""
    if not path.is_file():
        fail(f"there are no weights at {path}")
    try:
        weights = torch.load(path, map_location=device, weights_only=True)
        model.load_state_dict(weights)
    except Exception as error:  # of whatever the file holds
        raise OSError(f"{path} does not hold a state_dict of this model") from error


def main(argv=None):
    args = parse_args(argv)
    device = pick_device(args.device)
    torch.manual_seed(args.seed)

    parts = load_data(args.data, args.seed)
    seeds = (args.seed, None, None)  # only the training part is shuffled
    train, val, test = (
        DataLoader(Batches(part, args.batch_size, seed), batch_size=None)
        for part, seed in zip(parts, seeds)
    )

    model = build_model().to(device)
    if args.init_weights:
        start_from(model, args.init_weights, device)
    run = Run(model, device, args.out, args.seed, args.batch_size)
    if not args.resume:
        (args.out / "last.pt").unlink(missing_ok=True)  # of an earlier run
    elif not run.restore():
        print(f"nothing to resume in {args.out}: starting at the beginning")
    args.out.mkdir(parents=True, exist_ok=True)
    print(f"training on {device}")
    try:
        run.fit(train, val, args.epochs)
    except KeyboardInterrupt:
        if not run.restore():
            fail("stopped before the first epoch ended: nothing to report")
        print(f"\ninterrupted after epoch {run.state['epoch']}")

    best = torch.load(args.out / "best.pt", map_location=device, weights_only=True)
    model.load_state_dict(best["model"])
    metrics = {f"test_{name}": value for name, value in run.go_through(test).items()}
    predictions = predict(model, test)
    draw_confusion(
        args.out / "confusion_digit.png",
        test.dataset.y["digit"],
        predictions["digit"].argmax(axis=-1),
        range(10),
    )
    draw_predictions(
        args.out / "predictions_ink.png", test.dataset.y["ink"], predictions["ink"]
    )
    report(args.out, run.state["history"], metrics)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(error)
