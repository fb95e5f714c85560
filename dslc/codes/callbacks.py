"""Codes E0422 to E0424: callbacks that cannot do what they are asked for."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0422",
        "A file name that does not do",
        "A callback writes to the folder of the run, so that a run is one folder and nothing else is touched: its "
        "`file` is a name without a path. `ModelCheckpoint` takes it without ending, because Keras and PyTorch have "
        "endings of their own; `{epoch:03d}` and `{val_loss:.4f}` stand for numbers of the epoch. When every epoch is "
        "kept, the name must hold the epoch, or one would overwrite another.",
        'ModelCheckpoint(save_best_only=false, file="weights.pt")',
        'ModelCheckpoint(save_best_only=false, file="weights_{epoch:03d}")',
    ),
    Code(
        "E0423",
        "A callback that never acts",
        "`start_from_epoch`, `every` and `patience` count epochs of the training. Behind its last one nothing happens "
        "any more. And a learning rate that is not above `min_lr` is never lowered.",
        "train { epochs = 10  EarlyStopping(start_from_epoch=20) … }",
        "train { epochs = 10  EarlyStopping(start_from_epoch=2) … }",
    ),
    Code(
        "E0424",
        "Two masters of the learning rate",
        "A schedule says the learning rate of every step before training begins; `ReduceLROnPlateau` changes it when "
        "training comes to a halt. Each would undo what the other did.",
        "train { optimizer = SGD(lr=cosine(0.1))  ReduceLROnPlateau … }",
        "train { optimizer = SGD(lr=0.1)  ReduceLROnPlateau … }",
    ),
)
