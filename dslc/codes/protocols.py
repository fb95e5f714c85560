"""Codes E0447 to E0450: protocols that the data, the metrics or the budget do not allow."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0447",
        "A protocol for data that bring their own test part",
        "Cross-validation and the bootstrap test every row in turn. `mnist`, `cifar10` and others come with a test "
        "part that is the same for everyone who reports on them: results on other rows could not be compared with "
        "theirs, and the test part would stay unused.",
        "data { source = mnist  split = stratified(85, 15) }\nevaluate { protocol = kfold(5) }",
        "data { source = digits  split = stratified(85, 15) }\nevaluate { protocol = kfold(5) }",
    ),
    Code(
        "E0448",
        "More folds than make sense",
        "There cannot be more folds than rows, and `leave_one_out` means as many trainings as rows. More than 1,000 "
        "trainings are refused: k-fold cross-validation says as much for less.",
        "data { source = digits … }\nevaluate { protocol = leave_one_out }   # 1,797 trainings",
        "data { source = digits … }\nevaluate { protocol = kfold(10) }",
    ),
    Code(
        "E0449",
        "A metric that the protocol cannot report",
        "`leave_one_out` tests one row at a time: `f1`, `precision`, `recall`, `auc` and `rmse` of a single row say "
        "nothing. The .632+ bootstrap needs to know the error of a model that has learnt nothing, which a metric has "
        "when it compares one prediction with one target: `accuracy` or `mae`.",
        "train { metrics = [f1] … }\nevaluate { protocol = leave_one_out }",
        "train { metrics = [accuracy] … }\nevaluate { protocol = leave_one_out }",
    ),
    Code(
        "E0450",
        "A confidence without an interval",
        "`holdout` trains and tests once: one value has no spread, so there is no interval that `confidence` could "
        "be about.",
        "evaluate { protocol = holdout  confidence = 0.9 }",
        "evaluate { protocol = kfold(5)  confidence = 0.9 }",
    ),
)
