"""Iris in PyTorch, made from kfold_iris.dl.

Usage:
    python kfold_iris_torch.py             train and test in every fold, write to runs/
    python kfold_iris_torch.py --resume    go on after the last finished epoch
"""

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from scipy.stats import t
from sklearn.datasets import load_iris
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import StratifiedKFold, train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset

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


class Batches(Dataset):
    """Batches of `(x, y)`; with a seed, in an order that is a function of the epoch."""

    def __init__(self, part, batch_size, seed=None):
        self.x, self.y = part
        self.batch_size = batch_size
        self.size = len(self.y)
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
        x = torch.from_numpy(self.x[rows])
        y = torch.from_numpy(self.y[rows])
        return x, y


# --- model --------------------------------------------------------------------


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


class Iris(nn.Module):
    """Iris; the outputs are logits, `predict` makes them probabilities."""

    def __init__(self, classes=3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, 16),  # (N, 16)
            nn.ReLU(),
            own_init(nn.Linear(16, classes), weight=nn.init.xavier_uniform_),  # (N, 3)
        )

    def forward(self, measures):
        return self.layers(measures)


def init_weights(module):
    """Draw the first weights of a layer as the spec says; torch's own draws differ."""
    if isinstance(module, nn.Linear):
        he_normal_(module.weight)
        nn.init.zeros_(module.bias)
    for name, fill in getattr(module, "own_init", {}).items():
        fill(getattr(module, name))


def build_model(classes=3):
    return Iris(classes).apply(init_weights)


# --- training -----------------------------------------------------------------


def adam_epsilon(optimizer, args, kwargs):
    """Add Adam's epsilon outside the bias-corrected root, as Keras does."""
    for group in optimizer.param_groups:
        group["t"] = group.get("t", 0) + 1
        group["eps"] = 1e-7 / math.sqrt(1 - group["betas"][1] ** group["t"])


def improves(value, best):
    """Is a value better than the best? As 32-bit numbers, which Keras compares."""
    return best is None or np.float32(value) < np.float32(best)


class EarlyStopping:
    """Stops after `patience` epochs without improvement."""

    def __init__(self, monitor, patience):
        self.monitor = monitor
        self.patience = patience
        self.best, self.wait = None, 0

    def end_epoch(self, run, epoch, logs):
        value = logs[self.monitor]
        self.wait += 1
        if improves(value, self.best):
            self.best, self.wait = value, 0
        elif self.wait >= self.patience:
            run.state["stopped"] = True


class ModelCheckpoint:
    """Writes the model when the monitored value is the best."""

    def __init__(self, file, monitor):
        self.file = file
        self.monitor = monitor
        self.best = None

    def end_epoch(self, run, epoch, logs):
        value = logs[self.monitor]
        if not improves(value, self.best):
            return
        self.best = value
        saved = {
            "model": run.model.state_dict(),
            "optimizer": run.optimizer.state_dict(),
        }
        run.save(saved, self.file)


def f1(matrix):
    """Rows of the confusion matrix are true classes, columns predictions."""
    hits = matrix.diagonal()
    found = 2 * hits / (matrix.sum(0) + matrix.sum(1)).clamp(min=1)
    return float(found.mean())


def confusion(predicted, true, classes):
    pairs = true.flatten().long() * classes + predicted.flatten().long()
    return torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)


class Run:
    """A model in training, with everything that `--resume` needs to go on."""

    def __init__(self, model, device, out, seed, batch_size):
        self.model = model
        self.device = device
        self.out = out
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        self.optimizer.register_step_pre_hook(adam_epsilon)
        self.callbacks = [
            EarlyStopping("val_loss", patience=8),
            ModelCheckpoint("best.pt", "val_loss"),
        ]
        self.state = {"seed": seed, "batch_size": batch_size, "epoch": 0, "history": {}}

    def fit(self, train, val, epochs):
        for epoch in range(self.state["epoch"], epochs):
            if self.state.get("stopped"):
                break
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
            show(f"{title}  {time.perf_counter() - start:.1f}s  {scores}")

    def go_through(self, batches, training=None):
        """Train on the batches, or only test; return the mean loss and metrics."""
        self.model.train(training is not None)
        sums = {"loss": 0.0, "accuracy": 0.0}
        matrix = 0
        examples = 0
        for x, y in batches:
            x, y = x.to(self.device), y.to(self.device)
            with torch.set_grad_enabled(training is not None):
                logits = self.model(x)
                loss = F.cross_entropy(logits, y)
            if training:
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                show(f"{training}  {examples / batches.dataset.size:4.0%}")
            sums["loss"] += loss.detach() * len(y)
            sums["accuracy"] += (logits.argmax(1) == y).sum()
            matrix += confusion(logits.argmax(1), y, 3)
            examples += len(y)
        means = {name: float(value / examples) for name, value in sums.items()}
        means["f1"] = f1(matrix)
        return {name: means[name] for name in ["loss", "accuracy", "f1"]}

    def end_epoch(self, logs):
        """Record the epoch, let the callbacks act, write what `--resume` needs."""
        epoch = self.state["epoch"]
        for name, value in logs.items():
            self.state["history"].setdefault(name, []).append(value)
        for callback in self.callbacks:
            callback.end_epoch(self, epoch, logs)
        self.state["epoch"] = epoch + 1
        remembered = ("best", "wait")
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
    """Return the class probabilities, one row per example."""
    model.eval()
    device = next(model.parameters()).device
    logits = torch.cat([model(x.to(device)).cpu() for x, _ in batches])
    return logits.softmax(dim=1).numpy()


# --- report -------------------------------------------------------------------


def forget_folds(out):
    """Remove what marks the folds of an earlier run as finished or begun."""
    for name in ("metrics.json", "last.pt"):
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
    parser.add_argument("--device", help="such as cpu, cuda, cuda:1 or mps")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("runs/kfold_iris-torch"),
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
    if not 0 <= args.seed < 2**31:  # folds add their number
        parser.error("--seed must be from 0 to 2147483647")
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


def train_and_test(args, device, parts, out, seed):
    """Train a fresh model on a fold; return its history, metrics and predictions."""
    torch.manual_seed(seed)
    seeds = (seed, None, None)  # only the training part is shuffled
    train, val, test = (
        DataLoader(Batches(part, args.batch_size, seed), batch_size=None)
        for part, seed in zip(parts, seeds)
    )

    model = build_model().to(device)
    if args.init_weights:
        start_from(model, args.init_weights, device)
    run = Run(model, device, out, seed, args.batch_size)
    if args.resume:
        run.restore()
    out.mkdir(parents=True, exist_ok=True)
    run.fit(train, val, args.epochs)

    best = torch.load(out / "best.pt", map_location=device, weights_only=True)
    model.load_state_dict(best["model"])
    metrics = {f"test_{name}": value for name, value in run.go_through(test).items()}
    return run.state["history"], metrics, predict(model, test)


def main(argv=None):
    args = parse_args(argv)
    device = pick_device(args.device)

    x, y, classes = read_data()
    folds = make_folds(y, args.seed)
    outs = [args.out / f"fold_{number:02}" for number in range(1, len(folds) + 1)]
    told = f"--seed {args.seed} --epochs {args.epochs} --batch-size {args.batch_size}"
    if not args.resume:
        forget_folds(args.out)
    elif not args.out.exists():
        print(f"nothing to resume in {args.out}: starting at the beginning")
    print(f"{len(folds)} trainings on {device}", flush=True)
    for number, (rows, out) in enumerate(zip(folds, outs), 1):
        start = time.perf_counter()
        if not (args.resume and is_finished(out, told, rows[2])):
            parts = make_parts(x, y, *rows)
            seed = args.seed + number  # of this fold's weights and order
            try:
                found = train_and_test(args, device, parts, out, seed)
            except KeyboardInterrupt:
                fail(f"interrupted in fold {number}: --resume goes on from there")
            save_fold(out, told, rows[2], *found)
        metrics = json.loads((out / "metrics.json").read_text())
        scores = "  ".join(f"{name} {value:.4g}" for name, value in metrics.items())
        title = f"fold {number:>{len(str(len(folds)))}}/{len(folds)}"
        show(f"{title}  {time.perf_counter() - start:.1f}s  {scores}", end="\n")
    report(args, outs, y, classes)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(error)
