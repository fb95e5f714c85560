"""Training plans and hand-made model sections, rendered as the compiler would: what the tests of scripts share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dslc_keras.training
import dslc_torch.training
from dslc.codegen.page import ModelSection, Script, Target, render_script
from dslc.plan.training import InputPlan, OutputPlan, TrainingPlan
from dslc.vocab import callbacks, data, losses, metrics, optimizers
from dslc.vocab.experiment import Source
from dslc.vocab.kinds import Bounds

TARGETS: dict[str, Target] = {
    "keras": dslc_keras.training.TARGET,
    "torch": dslc_torch.training.TARGET,
}

DIGITS = TrainingPlan(
    source=data.Digits(),
    split=data.Stratified(train=70, val=15, test=15),
    scale=Bounds(0, 1),
    inputs=(InputPlan("image", (8, 8, 1)),),
    outputs=(OutputPlan("digits", (10,), losses.CrossEntropy(), (metrics.Accuracy(),), "softmax"),),
    optimizer=optimizers.Adam(),
    epochs=20,
    batch=32,
    callbacks=(
        callbacks.EarlyStopping(patience=4, restore_best=True),
        callbacks.ReduceLROnPlateau(factor=0.5, patience=2),
        callbacks.ModelCheckpoint(),
    ),
)


def tabular(source: Source, features: int, outputs: int, task: str, **changes: Any) -> TrainingPlan:
    """A plan for rows of numbers; the loss and the metrics follow from the task."""
    loss, activation = {
        "classes": (losses.CrossEntropy(), "softmax"),
        "binary": (losses.BinaryCrossEntropy(), "sigmoid"),
        "numbers": (losses.Mse(), None),
    }[task]
    measured = (metrics.MeanAbsoluteError(),) if task == "numbers" else (metrics.Accuracy(),)
    plan = TrainingPlan(
        source=source,
        split=(data.Random if task == "numbers" else data.Stratified)(train=60, val=20, test=20),
        scale=data.ZScore(),
        inputs=(InputPlan("row", (features,)),),
        outputs=(OutputPlan("result", (outputs,), loss, measured, activation),),  # type: ignore[arg-type]
        optimizer=optimizers.Adam(lr=0.01),
        epochs=2,
        batch=16,
    )
    return replace(plan, **changes)


def with_metrics(plan: TrainingPlan, *found: Any) -> TrainingPlan:
    return replace(plan, outputs=(replace(plan.outputs[0], metrics=found),))


# --- models: enough of each kind to train ------------------------------------------------------------

KERAS_HEAD = "def build_model():\n"
TORCH_HEAD = (
    "class Model(nn.Module):\n    def __init__(self):\n        super().__init__()\n{layers}\n\n"
    "    def forward(self, {inputs}):\n{body}\n\n\ndef build_model():\n    return Model()\n"
)


def dense(backend: str, features: int, outputs: int) -> ModelSection:
    if backend == "keras":
        text = (
            f"    row = keras.Input(({features},))\n"
            "    x = layers.Dense(16, activation='relu')(row)\n"
            f"    return keras.Model(row, layers.Dense({outputs})(x))\n"
        ).replace("'", '"')
        return ModelSection(KERAS_HEAD + text)
    made = f"        self.first = nn.Linear({features}, 16)\n        self.last = nn.Linear(16, {outputs})"
    body = "        return self.last(F.relu(self.first(row)))"
    return ModelSection(TORCH_HEAD.format(layers=made, inputs="row", body=body))


def cnn(backend: str, height: int, width: int, channels: int, classes: int) -> ModelSection:
    if backend == "keras":
        text = (
            f"    image = keras.Input(({height}, {width}, {channels}))\n"
            '    x = layers.Conv2D(32, 3, padding="same")(image)\n'
            "    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)\n"
            "    x = layers.MaxPooling2D(2)(layers.ReLU()(x))\n"
            "    x = layers.Dropout(0.3)(layers.Flatten()(x))\n"
            f"    return keras.Model(image, layers.Dense({classes})(x))\n"
        )
        return ModelSection(KERAS_HEAD + text)
    flat = 32 * (height // 2) * (width // 2)
    made = (
        f"        self.conv = nn.Conv2d({channels}, 32, 3, padding=1)\n"
        "        self.norm = BatchNorm2d(32)\n"
        "        self.dropout = nn.Dropout(0.3)\n"
        f"        self.last = nn.Linear({flat}, {classes})"
    )
    body = (
        "        x = F.max_pool2d(F.relu(self.norm(self.conv(image))), 2)\n"
        "        return self.last(self.dropout(x.flatten(1)))"
    )
    return ModelSection(
        TORCH_HEAD.format(layers=made, inputs="image", body=body),
        helpers=("BatchNorm2d",),
        channels_first=frozenset({"image"}),
    )


def bag_of_words(backend: str, length: int, vocabulary: int, outputs: int) -> ModelSection:
    if backend == "keras":
        text = (
            f'    tokens = keras.Input(({length},), dtype="int64")\n'
            f"    x = layers.Embedding({vocabulary}, 8)(tokens)\n"
            "    x = layers.GlobalAveragePooling1D()(x)\n"
            f"    return keras.Model(tokens, layers.Dense({outputs})(x))\n"
        )
        return ModelSection(KERAS_HEAD + text)
    made = (
        f"        self.embed = nn.Embedding({vocabulary}, 8)\n"
        f"        self.last = nn.Linear(8, {outputs})"
    )
    body = "        return self.last(self.embed(tokens).mean(1))"
    return ModelSection(TORCH_HEAD.format(layers=made, inputs="tokens", body=body))


def two_by_two(backend: str) -> ModelSection:
    """Inputs `photo` (4, 4, 3) and `facts` (5); outputs `kind` (3 classes) and `age` (a number)."""
    if backend == "keras":
        text = (
            '    photo = keras.Input((4, 4, 3), name="photo")\n'
            '    facts = keras.Input((5,), name="facts")\n'
            "    x = layers.Concatenate()([layers.Flatten()(photo), facts])\n"
            '    outputs = {"kind": layers.Dense(3)(x), "age": layers.Dense(1)(x)}\n'
            '    return keras.Model({"photo": photo, "facts": facts}, outputs)\n'
        )
        return ModelSection(KERAS_HEAD + text)
    made = "        self.kind = nn.Linear(53, 3)\n        self.age = nn.Linear(53, 1)"
    body = (
        "        x = torch.cat([photo.flatten(1), facts], 1)\n"
        '        return {"kind": self.kind(x), "age": self.age(x)}'
    )
    return ModelSection(
        TORCH_HEAD.format(layers=made, inputs="photo, facts", body=body),
        channels_first=frozenset({"photo"}),
    )


def render(backend: str, plan: TrainingPlan | None, model: ModelSection, stem: str = "spec") -> str:
    return render_script(Script(stem, "Model", f"{stem}.dl"), model, TARGETS[backend], plan)
