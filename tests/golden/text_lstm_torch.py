"""Reviews in PyTorch, made from text_lstm.dl.

Usage:
    python text_lstm_torch.py             train, test, write to runs/
    python text_lstm_torch.py --resume    go on after the last finished epoch
"""

import argparse
import csv
import json
import math
import os
import re
import sys
import time
from collections import Counter
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
    """Return the train, val and test parts, each `(x, y)`, and the class names."""
    columns = read_table(path)
    texts = [tokenize(text) for text in columns["review"]]
    labels = columns["good"]
    classes, y = np.unique(labels, return_inverse=True)
    if len(classes) != 2:
        fail(
            f"{path} has {len(classes)} classes, the model 2: {', '.join(classes[:20])}"
        )
    classes, y = classes.tolist(), y.astype(np.float32)[:, np.newaxis]

    train, val, test = split(y, seed)
    ids = vocabulary([texts[row] for row in train])
    x = np.stack([encode(tokens, ids) for tokens in texts])
    parts = [(x[rows], y[rows]) for rows in (train, val, test)]
    return parts, classes


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
    for name in ["review", "good"]:
        if name not in columns:
            fail(f"{path} has no column {name!r}; it has {', '.join(columns)}")
    return columns


def tokenize(text):
    return re.findall(r"[\w']+", text.lower())


def vocabulary(texts):
    """Return ids from 2 for the most frequent tokens: 0 pads, 1 is any other."""
    counts = Counter(token for tokens in texts for token in tokens)
    ranked = sorted(counts, key=lambda token: (-counts[token], token))
    return {token: index for index, token in enumerate(ranked[: 200 - 2], 2)}


def encode(tokens, ids):
    """Return 24 ids: the text cut, or padded at its right."""
    row = np.zeros(24, np.int64)
    found = [ids.get(token, 1) for token in tokens[:24]]
    row[: len(found)] = found
    return row


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


def forget_bias_(tensor):
    """Put ones where an LSTM forgets, the second of its four gates."""
    tensor.data.chunk(4)[1].fill_(1.0)
    return tensor


class Reviews(nn.Module):
    """Reviews; the outputs are logits, `predict` makes them probabilities."""

    def __init__(self, vocabulary=200):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 32)  # (N, 24, 32)
        self.lstm = nn.LSTM(32, 32, batch_first=True, bidirectional=True)
        self.layers = nn.Sequential(
            nn.Dropout(0.3),
            nn.Linear(64, 1),  # (N, 1)
        )

    def forward(self, tokens):
        x = self.embedding(tokens)
        _, (x, _) = self.lstm(x)
        x = torch.cat((x[0], x[1]), dim=-1)  # (N, 64)
        return self.layers(x)


def init_weights(module):
    """Draw the first weights of a layer as the spec says; torch's own draws differ."""
    if isinstance(module, nn.Embedding):
        nn.init.uniform_(module.weight, -0.05, 0.05)
    elif isinstance(module, nn.LSTM):
        nn.init.xavier_uniform_(module.weight_ih_l0)
        nn.init.orthogonal_(module.weight_hh_l0)
        forget_bias_(nn.init.zeros_(module.bias_ih_l0))
        nn.init.zeros_(module.bias_hh_l0).requires_grad_(False)  # one bias is enough
        nn.init.xavier_uniform_(module.weight_ih_l0_reverse)
        nn.init.orthogonal_(module.weight_hh_l0_reverse)
        forget_bias_(nn.init.zeros_(module.bias_ih_l0_reverse))
        nn.init.zeros_(module.bias_hh_l0_reverse).requires_grad_(False)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def build_model(vocabulary=200):
    return Reviews(vocabulary).apply(init_weights)


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


class Run:
    """A model in training, with everything that `--resume` needs to go on."""

    def __init__(self, model, device, out, seed, batch_size):
        self.model = model
        self.device = device
        self.out = out
        self.optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        self.optimizer.register_step_pre_hook(adam_epsilon)
        self.callbacks = [
            EarlyStopping("val_loss", patience=3),
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
            show(f"{title}  {time.perf_counter() - start:.1f}s  {scores}", end="\n")

    def go_through(self, batches, training=None):
        """Train on the batches, or only test; return the mean loss and metrics."""
        self.model.train(training is not None)
        sums = {"loss": 0.0, "accuracy": 0.0}
        examples = 0
        for x, y in batches:
            x, y = x.to(self.device), y.to(self.device)
            with torch.set_grad_enabled(training is not None):
                logits = self.model(x)
                loss = F.binary_cross_entropy_with_logits(logits, y)
            if training:
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                show(f"{training}  {examples / batches.dataset.size:4.0%}")
            sums["loss"] += loss.detach() * len(y)
            sums["accuracy"] += ((logits > 0) == (y > 0.5)).float().mean() * len(y)
            examples += len(y)
        return {name: float(value / examples) for name, value in sums.items()}

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
    """Return the probabilities, one row per example."""
    model.eval()
    device = next(model.parameters()).device
    logits = torch.cat([model(x.to(device)).cpu() for x, _ in batches])
    return logits.sigmoid().numpy()


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
        default="specs/data/reviews.csv",
        help="where the data is: %(default)s",
    )
    parser.add_argument(
        "--epochs",
        type=positive,
        default=10,
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
        default=Path("runs/text_lstm-torch"),
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

    parts, classes = load_data(args.data, args.seed)
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
    if run.state.get("stopped"):
        print(f"the run had stopped early, after epoch {run.state['epoch']}")
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
        args.out / "confusion.png", test.dataset.y, predictions > 0.5, classes
    )
    report(args.out, run.state["history"], metrics)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        fail(error)
