"""Runs the PyTorch script."""

from __future__ import annotations

import contextlib
import io
import sys
from types import ModuleType
from typing import Any

import numpy as np
import torch

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


def run(request: Request, answers: Answers) -> None:
    torch.set_num_threads(request["threads"])
    torch.set_default_dtype(torch.float32)
    plain = load(request["plain"], "plain_script")
    marked = load(request["marked"], "marked_script")
    answers.say("first weights")
    for number in range(request["draws"]):
        torch.manual_seed(number)
        answers.arrays(f"draw{number}", state(plain.build_model()))
    for dtype in request["dtypes"]:
        torch.set_default_dtype(getattr(torch, dtype))
        for name, weights in request["weights"].items():
            lead = f"{dtype}{name}"
            answers.say(f"layers in {dtype}{' again' if name else ''}")
            layers(request, answers, marked, dtype, lead, weights)
            if request["trains"]:
                answers.say(f"training in {dtype}{' again' if name else ''}")
                Training(request, answers, plain, dtype, lead, weights).run()


def state(model: Any) -> dict[str, Array]:
    return {name: tensor.detach().numpy().copy() for name, tensor in model.state_dict().items()}


def gradients(model: Any, factor: float = 1.0) -> dict[str, Array]:
    """In the shape of a state; zero where nothing trains."""
    found = {name: np.zeros(tensor.shape) for name, tensor in model.state_dict().items()}
    for name, weight in model.named_parameters(remove_duplicate=False):
        if weight.grad is not None:
            found[name] = weight.grad.detach().numpy().astype("float64") * factor
    return found


def as_it_is(value: Any, original: Any = torch.Tensor.float) -> Any:
    """In place of `float()`, which a script with mixed precision says to bfloat16."""
    return value if value.is_floating_point() else original(value)


def tensor(array: Array, first: bool) -> Any:
    found = torch.from_numpy(np.ascontiguousarray(array))
    if found.dtype == torch.int32:
        found = found.long()
    return found.movedim(-1, 1) if first else found


def given(request: Request, batch: dict[str, Array]) -> list[Any]:
    return [tensor(array, name in request["first"]) for name, array in batch.items()]


# --------------------------------------------------------------------------- layer by layer


def layers(
    request: Request, answers: Answers, module: ModuleType, dtype: str, lead: str, weights: str
) -> None:
    recorder = trace.start()
    model = module.build_model()
    silent(model.modules())
    model.load_state_dict(torch.load(weights, weights_only=True))
    events: list[tuple[tuple[int, ...], Array]] = []

    def note(trail: tuple[int, ...], value: Any) -> None:
        while isinstance(value, (tuple, list)):
            value = value[0]
        if isinstance(value, torch.Tensor):
            events.append((trail, value.detach().numpy().copy()))

    def listen(mark: int, value: Any, frame: Any) -> None:
        owner = frame.f_locals.get("self")
        note((*recorder.trails.get(id(owner), ()), mark), value)

    recorder.listen = listen
    for made in recorder.made:
        if isinstance(made, torch.nn.Module):
            trail = recorder.trails[id(made)]
            made.register_forward_hook(lambda _, __, value, trail=trail: note(trail, value))
    inputs = given(request, request.batch(dtype))
    with torch.no_grad():
        model.eval()(*inputs)
    answers.layers(f"{lead}-inference", events)
    events.clear()
    outputs = model.train()(*inputs)
    answers.layers(f"{lead}-training", events)
    answers.arrays(f"{lead}-statistics", state(model))
    if not request["trains"]:
        found = outputs if isinstance(outputs, dict) else {request["outputs"][0]: outputs}
        factors = request.factors(dtype)
        loss = sum(
            (found[name] * tensor(factors[name], name in request["first"])).sum()
            for name in request["outputs"]
        )
        if loss.requires_grad:
            loss.backward()
        answers.facts[f"{lead}-loss"] = float(loss)
        answers.arrays(f"{lead}-gradients", gradients(model))


# --------------------------------------------------------------------------- training


class Loader:
    """Batches one by one; tells what has become of the model after each."""

    def __init__(self, dataset: Any, **options: Any) -> None:
        self.dataset = dataset
        self.after: Any = None

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Any:
        for number in range(len(self.dataset)):
            yield self.dataset[number]
            if self.after is not None:
                self.after(number, sys._getframe(1).f_locals)


class Training:
    """The script's own run, on other batches, up to the end of its training."""

    def __init__(
        self,
        request: Request,
        answers: Answers,
        module: ModuleType,
        dtype: str,
        lead: str,
        weights: str,
    ) -> None:
        self.request, self.answers, self.module = request, answers, module
        self.dtype, self.lead, self.weights = dtype, lead, weights
        self.model: Any = None
        self.phase = 0
        self.logs: dict[str, float] = {}
        self.graded = False

    def run(self) -> None:
        module, request = self.module, self.request
        part = request.part("x", self.dtype), request.part("y", self.dtype)
        other = (*part,)  # what is not trained on is gone through once
        script = module.Run
        train, fit, go = getattr(script, "train", None), script.fit, script.go_through
        begin, build = getattr(script, "begin", None), module.build_model

        def whole(run: Any, *args: Any) -> None:
            self.begin(run, args[1])
            (train or fit)(run, *args)
            raise Done

        def begin_short(run: Any, number: int) -> None:
            assert begin is not None
            begin(run, number)
            run.epochs = 1

        def go_through(run: Any, batches: Any, training: Any = None) -> dict[str, float]:
            if training is None:
                return dict.fromkeys(self.logs, 0.0)
            batches.after = self.after
            self.logs = go(run, batches, training=training)
            return self.logs

        def build_silent(*args: Any, **named: Any) -> Any:
            self.model = build(*args, **named)
            silent(self.model.modules())
            return self.model

        backward = torch.Tensor.backward
        changes = [
            *aside(module, (part, other, other), request["classes"]),
            *batches(module, request, part),
            (module, "DataLoader", Loader),
            (module, "show", nothing),
            (module, "build_model", build_silent),
            (script, "train" if train else "fit", whole),
            (script, "go_through", go_through),
            (script, "begin", begin_short),
            (script, "take_best", nothing),
            (script, "end_epoch", self.end_epoch),
            (
                torch.Tensor,
                "backward",
                lambda loss, *a, **k: self.backward(backward, loss, *a, **k),
            ),
        ]
        if request["mixed"]:
            changes.append((torch, "autocast", lambda *a, **k: contextlib.nullcontext()))
            changes.append((torch.Tensor, "float", as_it_is))
        argv = arguments(request, self.weights)
        with (
            instead(*changes),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.suppress(Done),
        ):
            if hasattr(module, "train_and_test"):
                args = module.parse_args(argv)
                cpu = torch.device("cpu")
                module.train_and_test(args, cpu, (part, other, other), args.out, 0)
            else:
                module.main(argv)

    def begin(self, run: Any, val: Any) -> None:
        """What the model says before it trains."""
        if hasattr(self.module, "penalty"):
            with torch.no_grad():
                self.answers.facts[f"{self.lead}-penalty"] = float(self.module.penalty(self.model))
        found = self.module.predict(run.model, val)
        found = found if isinstance(found, dict) else {self.request["outputs"][0]: found}
        self.answers.arrays(f"{self.lead}-predictions", found)

    def backward(self, original: Any, loss: Any, *args: Any, **named: Any) -> None:
        original(loss, *args, **named)
        if not self.graded:
            self.graded = True
            whole = sys._getframe(2).f_locals.get(
                "loss", loss
            )  # of one batch, where several make an update
            value = float(whole)
            self.answers.facts[f"{self.lead}-loss"] = value
            share = value / float(loss) if float(loss) else 1.0
            self.answers.arrays(f"{self.lead}-gradients", gradients(self.model, share))

    def after(self, number: int, names: dict[str, Any]) -> None:
        mean = float(names["sums"]["loss"] / names["examples"])
        self.answers.facts.setdefault(f"{self.lead}-losses", []).append(mean)
        if number + 1 == self.request["accumulate"]:
            self.answers.arrays(f"{self.lead}-phase{self.phase}-first", state(self.model))

    def end_epoch(self, *args: Any) -> None:
        self.answers.arrays(f"{self.lead}-phase{self.phase}-last", state(self.model))
        self.phase += 1


def batches(module: ModuleType, request: Request, train: Any) -> list[tuple[Any, str, Any]]:
    """The script's `Batches`, with those of the comparison; in training they come round again."""
    size = request["batch"]

    def init(self: Any, part: Any, batch_size: int | None = None, seed: Any = None) -> None:
        self.x, self.y = part
        self.batch_size, self.seed, self.epoch = size, seed, 0
        self.size = len(next(iter(self.y.values())) if isinstance(self.y, dict) else self.y)
        self.count = request["steps"] if part is train else self.size // size

    def item(self: Any, index: int) -> Any:
        found = []
        for part, names in ((self.x, request["inputs"]), (self.y, request["outputs"])):
            taken = rows(part, index * size % self.size, size)
            if isinstance(taken, dict):
                found.append({n: tensor(a, n in request["turned"]) for n, a in taken.items()})
            else:
                found.append(tensor(taken, names[0] in request["turned"]))
        return tuple(found)

    of = module.Batches
    return [
        (of, "__init__", init),
        (of, "__len__", lambda self: self.count),
        (of, "__getitem__", item),
        (of, "set_epoch", nothing),
    ]


if __name__ == "__main__":
    serve(run)
