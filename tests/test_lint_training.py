"""Rules about training and data, over specs drawn at random: none fails, and every fix leaves a spec that checks and
in which its rule finds less. The cases of each rule are in tests/cases/lint."""

from __future__ import annotations

import random
import re

import lint_cases
import pytest

from dslc.diagnostics import has_errors
from dslc.driver import analyse_source, facts_of
from dslc.lint.registry import all_rules
from dslc.lint.training import shown
from dslc.source import Source

RULES = [rule for code, rule in all_rules().items() if code[1] in "23"]
SPECS, SEEDS = 12, range(4)

MODELS = {
    "digits": """model Ten {{
  input image: 8x8x1
  image -> Conv2D(8, 3x3{penalty}) -> {norm}relu -> GlobalAvgPool2D -> Dense(10) -> softmax
}}
""",
    "iris": """model Flowers {{
  input row: 4
  row -> Dense(8{penalty}) -> relu -> Dense(3) -> softmax
}}
""",
    'images("letters/")': """model Letters {{
  input photo: {size}
  photo -> {network}(weights={weights}){label} -> GlobalAvgPool2D -> Dense(5) -> softmax
}}
""",
    "digits(only=0..4)": """block Features {{
  input x
  x -> Conv2D(8, 3x3) -> {norm}relu as edges -> Conv2D(16, 3x3) -> relu as shapes
}}
model Five {{
  input image: 8x8x1
  image -> Features{file} as backbone -> GlobalAvgPool2D -> Dense(5) -> softmax
}}
""",
}
HOLES = {
    "penalty": ["", ", regularizer=l2(1e-4)"],
    "norm": ["", "BatchNorm -> "],
    "size": ["224x224x3", "64x64x3"],
    "network": ["ResNet50", "VGG16", "MobileNetV2", "ResNet18"],
    "weights": ["imagenet", "imagenet", "none"],
    "label": [" as backbone", ""],
    "file": ["", '(weights="runs/x-{backend}/best")'],
}
ARGUMENTS = {
    "SGD": ["lr=2.0", "lr=1e-8", "lr=cosine(0.1, warmup=1)", "momentum=0.9", "weight_decay=1e-4"],
    "Adam": ["lr=0.5", "lr=one_cycle(0.01)", "weight_decay=0.01"],
    "AdamW": ["lr=1e-3"],
    "Adagrad": ["lr=0.05", "lr=exponential(0.1, 0.9)"],
    "EarlyStopping": ["monitor=loss", "patience=3", "mode=max", "restore_best=true"],
    "ReduceLROnPlateau": ["monitor=val_accuracy", "patience=4", "mode=min"],
    "ModelCheckpoint": ["monitor=loss", "mode=max", "every=2"],
    "HorizontalFlip": ["p=1", "p=0.01"],
    "Affine": ["scale=0.1..3", "translate=0.5", "p=0.02", "shear=60"],
    "ShiftScaleRotate": ["shift=0.5", "rotate=100", "scale=0.9"],
    "CoarseDropout": ["holes=9", "holes=900", "fill=255"],
    "Blur": ["p=1"],
    "MixUp": ["alpha=9"],
}
ALWAYS = {"Affine": "rotate=60", "CoarseDropout": "size=0.2..0.9", "Blur": "limit=7"}


class Drawer:
    """Specs of one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def one(self, *texts: str) -> str:
        return self.chance.choice(texts)

    def some(self, *texts: str) -> list[str]:
        return [text for text in texts if self.chance.random() < 0.4]

    def word(self, *names: str) -> str:
        name = self.one(*names)
        given: dict[str, str] = {}
        for text in [ALWAYS.get(name, ""), *self.some(*ARGUMENTS[name])]:
            given.setdefault(text.partition("=")[0], text)
        inside = ", ".join(filter(None, given.values()))
        return f"{name}({inside})" if inside else name

    def callbacks(self) -> list[str]:
        names = self.some("EarlyStopping", "ReduceLROnPlateau", "ModelCheckpoint")
        return [self.word(name) for name in names]

    def section(self, name: str, *entries: str) -> str:
        if self.chance.random() < 0.5:
            return f"{name} {{ {'  '.join(entries)} }}\n"
        lines = "".join(f"  {entry}{self.one('', '', '  # why')}\n" for entry in entries)
        return f"{name} {{\n{lines}}}\n"

    def phase(self, name: str, selection: str) -> str:
        rates = self.some("rates { backbone = 1e-3 }")
        said = [selection, f"epochs = {self.one('5', '40')}"]
        said += [f"optimizer = {self.word('Adam', 'SGD')}"] if rates == [] else rates
        return f"phase {name} {{ {'  '.join([*said, *self.callbacks()])} }}"

    def spec(self) -> str:
        source = self.one(*MODELS)
        model = MODELS[source].format(**{name: self.one(*texts) for name, texts in HOLES.items()})
        protocol = self.some("protocol = kfold(3)")
        shares = "85, 15" if protocol else self.one("70, 15, 15", "10, 10, 80")
        scale = self.some(f"scale = {self.one('0..1', 'zscore', '-1..1')}")
        batch = self.some(f"batch = {self.one('1', '4', '7', '20', '128', 'full')}")
        split = f"split = {self.one('random', 'stratified')}({shares})"
        optimizer = f"optimizer = {self.word('SGD', 'Adam', 'AdamW', 'Adagrad')}"
        updates = self.some("class_weight = balanced", "clip = value(50)", "accumulate = 8")
        train = ["loss = cross_entropy", optimizer, f"epochs = {self.one('2', '20', '60')}"]
        train += ["metrics = [accuracy]", *updates, *self.some("ema = 0.9999"), *self.callbacks()]
        sections = [self.section("data", f"source = {source}", split, *scale, *batch)]
        sections += [self.section("train", *train)]
        sections += [self.section("evaluate", *protocol)] if protocol else []
        sections += self.some("defaults { regularizer = l2(1e-4) }\n")
        if source != "iris" and self.chance.random() < 0.5:
            names = self.some("HorizontalFlip", "Affine", "ShiftScaleRotate", "CoarseDropout")
            sections += [self.section("augment", *map(self.word, [*names, "Blur"]))]
        if "as backbone" in model and self.chance.random() < 0.7:
            phases = [
                *self.some(self.phase("head", "freeze = all")),
                self.phase("tune", "freeze = none"),
            ]
            tuned = phases if self.chance.random() < 0.5 else ["strategy = full"]
            sections += [self.section("finetune backbone", *self.some("bn = train"), *tuned)]
        self.chance.shuffle(sections)
        text = f"{model}\n" + "\n".join(sections)
        return text.replace("\n", self.one("\n", "\n", "\r\n"))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fix_leaves_a_spec_that_checks(seed: int) -> None:
    drawer, checked = Drawer(seed), 0
    while checked < SPECS:
        text = drawer.spec()
        facts = facts_of(analyse_source(Source("case.dl", text)))
        if facts is None:
            continue
        checked += 1
        found = {d.code for d in lint_cases.lint(text, RULES)}
        for rule in RULES:
            if rule.code in found:
                after = lint_cases.fixed(
                    text, rule
                )  # asserts that it checks, and that less is found
                assert rule.fix != "advice" or after is None


def test_rules_have_nothing_to_say_where_nothing_is_trained() -> None:
    for text in (
        "block A {\n  input x\n  x -> relu\n}\n",
        "model M {\n  input x: 3\n  x -> Dense(1)\n}\n",
    ):
        analysis = analyse_source(Source("case.dl", text))
        assert not has_errors(analysis.diagnostics)
        assert lint_cases.lint(text, RULES) == []


REFUSED = {
    "a value that nothing logs": ("E0409", "ModelCheckpoint(monitor=val_f1)", ""),
    "accuracy of numbers": ("E0411", "", "loss = mse"),
    "files of all epochs under one name": (
        "E0422", 'ModelCheckpoint(save_best_only=false, file="weights")', "",
    ),
    "a callback that never acts": ("E0423", "EarlyStopping(start_from_epoch=50)", ""),
    "two masters of the rate": ("E0424", "ReduceLROnPlateau", "optimizer = SGD(lr=cosine(0.1))"),
    "a warm-up longer than the training": (
        "E0418", "", "optimizer = SGD(lr=cosine(0.1, warmup=30))",
    ),
    "colours of grey pictures": ("E0431", "", "augment { ColorJitter(saturation=0.5) }"),
    "a chance of 0": ("E0203", "", "augment { HorizontalFlip(p=0) }"),
    "no validation part": ("E0203", "", "split = stratified(85, 0, 15)"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_check_refuses_needs_no_rule(what: str) -> None:
    """Mistakes that other linters warn of and that are errors here: no rule says them again."""
    code, callback, other = REFUSED[what]
    given = {
        "loss": "loss = cross_entropy",
        "optimizer": "optimizer = Adam(lr=1e-3)",
        "split": "split = stratified(70, 15, 15)",
    }
    key = other.partition(" ")[0]
    settings = {**given, key: other} if key in given else given
    text = f"""model Ten {{ input image: 8x8x1  image -> Flatten -> Dense(10) -> softmax }}
data {{ source = digits  {settings["split"]}  scale = 0..1 }}
train {{ {settings["loss"]}  {settings["optimizer"]}  metrics = [accuracy]  epochs = 20  {callback} }}
{"" if key in given else other}
"""
    analysis = analyse_source(Source("case.dl", text))
    assert code in {d.code for d in analysis.diagnostics}, [str(d) for d in analysis.diagnostics]
    assert facts_of(analysis) is None


def test_rates_are_written_as_specs_write_them() -> None:
    assert [shown(rate) for rate in (1.0, 0.05, 0.01, 1e-3, 2.5e-4, 3e-5)] == [
        "1", "0.05", "0.01", "1e-3", "2.5e-4", "3e-5",
    ]  # fmt: skip


def test_every_rule_cites_where_it_comes_from() -> None:
    assert all(re.search(r"^Reference: ", rule.why, re.M) for rule in RULES)
