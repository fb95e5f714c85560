"""Houses in PyTorch, made from mlp_tabular.dl.

Usage:
    python mlp_tabular_torch.py             train, test, write to runs/
    python mlp_tabular_torch.py --resume    go on after the last finished epoch
"""

import argparse
import csv
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
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, Dataset

# --- data ---------------------------------------------------------------------


def load_data(path, seed):
    """Return the train, val and test parts, each `(x, y)`."""
    columns = treat_missing(read_table(path), path)
    labels = columns.pop("price")
    y = np.array(
        [to_number(label, "price") for label in labels],
        np.float32,
    )[:, np.newaxis]

    train, val, test = split(y, seed)
    x = encode(columns, train)
    if x.shape[1] != 9:
        fail(f"{path} gives {x.shape[1]} features, the model takes 9")
    mean, std = x[train].mean(axis=0), x[train].std(axis=0)
    std[std == 0] = 1  # a constant feature becomes 0
    x = (x - mean) / std
    return [(x[rows], y[rows]) for rows in (train, val, test)]


def read_table(path):
    """Return the columns of a CSV file by name, each an array of strings."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            rows = []
            for row in lines:
                if row and len(row) != len(header):
                    line = f"{path}, line {lines.line_num}"
                    fail(f"{line}: {len(row)} cells under {len(header)} headings")
                if row:
                    rows.append([cell.strip() for cell in row])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fail(f"cannot read {path}: {error}")
    if not rows:
        fail(f"{path} has no rows")
    columns = {
        name.strip(): np.array(cells, object) for name, cells in zip(header, zip(*rows))
    }
    name = "price"
    if name not in columns:
        fail(f"{path} has no column {name!r}; it has {', '.join(columns)}")
    return columns


def to_number(cell, column):
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        fail(f"the column {column!r} holds {cell!r}, which is not a number")
    return number


def treat_missing(columns, path):
    """Drop the rows without a target; mark other empty cells with None."""
    missing = {
        name: np.array([cell.lower() in ("", "na", "nan", "?") for cell in cells])
        for name, cells in columns.items()
    }
    for name, empty in missing.items():
        columns[name][empty] = None
    keep = ~missing["price"]
    if not keep.all():
        print(f"{path}: {(~keep).sum()} of {len(keep)} rows left out, without a target")
    return {name: cells[keep] for name, cells in columns.items()}


def is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def encode(columns, train):
    """Return features: numbers as they are, other columns one-hot as in training."""
    features = []
    for name, cells in columns.items():
        seen = [cell for cell in cells[train] if cell is not None]
        if all(map(is_number, seen)):
            mean = np.mean([float(cell) for cell in seen]) if seen else 0.0
            features.append(
                [mean if cell is None else to_number(cell, name) for cell in cells]
            )
            continue
        values = sorted(set(seen))
        unknown = {cell for cell in cells if cell is not None} - set(values)
        if unknown:
            listed = ", ".join(sorted(unknown)[:5])
            print(f"{name}: all zeros for what training has not seen: {listed}")
        features += [cells == value for value in values]
    return np.array(features, np.float32).T


def split(y, seed):
    """Deal the rows 70 : 15 : 15 at random."""
    rows = np.arange(len(y))
    try:
        train, rest = train_test_split(rows, train_size=0.7, random_state=seed)
        val, test = train_test_split(rest, train_size=0.5, random_state=seed)
    except ValueError as error:
        fail(f"cannot split the data: {error}")
    return train, val, test


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


class BatchNorm1d(nn.BatchNorm1d):
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


def own_init(layer, **laws):
    """The layer with first weights of its own, which `init_weights` prefers."""
    for part in layer.modules():
        names = [name for name in laws if getattr(part, name, None) is not None]
        part.own_init = {name: laws[name] for name in names}
    return layer


class Houses(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(9, 64, bias=False),  # (N, 64)
            BatchNorm1d(64),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(64, 32),  # (N, 32)
            nn.ReLU(),
            own_init(nn.Linear(32, 1), weight=nn.init.xavier_uniform_),  # (N, 1)
        )

    def forward(self, row):
        return self.layers(row)


def init_weights(module):
    """Draw the first weights of a layer as the spec says; torch's own draws differ."""
    if isinstance(module, nn.Linear):
        he_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    for name, fill in getattr(module, "own_init", {}).items():
        fill(getattr(module, name))


def penalty(model):
    """The regularisers' part of the loss."""
    return sum(
        1e-5 * module.weight.square().sum()
        for module in model.modules()
        if isinstance(module, nn.Linear)
    )


def build_model():
    return Houses().apply(init_weights)


# --- training -----------------------------------------------------------------


def adam_epsilon(optimizer, args, kwargs):
    """Add Adam's epsilon outside the bias-corrected root, as Keras does."""
    for group in optimizer.param_groups:
        group["t"] = group.get("t", 0) + 1
        group["eps"] = 1e-7 / math.sqrt(1 - group["betas"][1] ** group["t"])


def improves(value, best, min_delta=0.0):
    """Is a value better than the best? As 32-bit numbers, which Keras compares."""
    return best is None or np.float32(value + min_delta) < np.float32(best)


class ReduceLROnPlateau:
    """Lowers the learning rate after `patience` epochs without improvement.

    torch.optim.lr_scheduler.ReduceLROnPlateau counts and compares otherwise than Keras.
    """

    def __init__(self, monitor, factor, patience, min_delta=0.0):
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.min_delta = min_delta
        self.best, self.wait = None, 0

    def end_epoch(self, run, epoch, logs):
        value = logs[self.monitor]
        if improves(value, self.best, self.min_delta):
            self.best, self.wait = value, 0
            return
        self.wait += 1
        if self.wait >= self.patience:
            self.wait = 0
            for group in run.optimizer.param_groups:
                group["lr"] *= self.factor


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


class Run:
    """A model in training, with everything that `--resume` needs to go on."""

    def __init__(self, model, device, out, seed, batch_size):
        self.model = model
        self.device = device
        self.out = out
        self.optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        self.optimizer.register_step_pre_hook(adam_epsilon)
        self.callbacks = [
            ReduceLROnPlateau("val_loss", factor=0.5, patience=4, min_delta=1e-4),
            ModelCheckpoint("best.pt", "val_loss"),
        ]
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
            logs["learning_rate"] = self.optimizer.param_groups[0]["lr"]
            self.end_epoch(logs)
            scores = "  ".join(f"{name} {value:.4g}" for name, value in logs.items())
            show(f"{title}  {time.perf_counter() - start:.1f}s  {scores}", end="\n")

    def go_through(self, batches, training=None):
        """Train on the batches, or only test; return the mean loss and metrics."""
        self.model.train(training is not None)
        sums = {"loss": 0.0, "mae": 0.0, "rmse": 0.0}
        examples = 0
        for x, y in batches:
            x, y = x.to(self.device), y.to(self.device)
            with torch.set_grad_enabled(training is not None):
                outputs = self.model(x)
                loss = F.huber_loss(outputs, y)
                loss = loss + penalty(self.model)
            if training:
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                show(f"{training}  {examples / batches.dataset.size:4.0%}")
            sums["loss"] += loss.detach() * len(y)
            sums["mae"] += F.l1_loss(outputs.detach(), y) * len(y)
            sums["rmse"] += F.mse_loss(outputs.detach(), y) * len(y)
            examples += len(y)
        means = {name: float(value / examples) for name, value in sums.items()}
        means["rmse"] = math.sqrt(means["rmse"])
        return {name: means[name] for name in ["loss", "mae", "rmse"]}

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
    """Return the predictions, one row per example."""
    model.eval()
    device = next(model.parameters()).device
    outputs = torch.cat([model(x.to(device)).cpu() for x, _ in batches])
    return outputs.numpy()


# --- report -------------------------------------------------------------------


def report(out, history, metrics):
    """Write the learning curves and the metrics."""
    (out / "history.json").write_text(json.dumps(history, indent=2))
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2))

    names = ["loss", "mae", "rmse"]
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
        print(f"{name:<11} {value:.4f}")
    print(f"written to {out}/")


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
        "--data", default="specs/data/houses.csv", help="where the data is: %(default)s"
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        default=40,
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
        default=Path("runs/mlp_tabular-torch"),
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
    draw_predictions(args.out / "predictions.png", test.dataset.y, predictions)
    report(args.out, run.state["history"], metrics)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(error)
