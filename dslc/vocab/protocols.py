"""Protocols: on which rows a model is trained and tested, how often, and what is concluded from it.

All but `holdout` resample: they train a fresh model several times, each time test it on other rows, and report the
mean over these trainings, their deviation and an interval. A training and its test are called a fold here. The rows
that a fold does not test are dealt to its train and val parts by the `split` of `data`, which then has two shares.
Everything that is fitted to data (scaling, vocabulary, one-hot columns, means for missing cells) is fitted anew to
the training part of each fold. Fold f, counted from 1, deals its rows and draws its weights with `seed` + f.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from dslc.vocab.experiment import Loss, Metric, Protocol
from dslc.vocab.kinds import Count, Whole
from dslc.vocab.metrics import Accuracy, MeanAbsoluteError
from dslc.vocab.word import arg

MOST_TRAININGS = 1000  # of one run: more are refused rather than begun

Several = Annotated[int, Whole(2)]


class Holdout(Protocol):
    """One training, tested on the test part of the split: what happens without `evaluate`, too."""

    word = "holdout"
    aliases = ("train_test_split", "hold_out")
    resamples = False
    examples: ClassVar[tuple[str, ...]] = ("evaluate { protocol = holdout }",)

    def trainings(self, samples: int | None) -> int | None:
        return 1


class KFold(Protocol):
    """k-fold cross-validation: the rows are dealt to k folds at random, and each fold is tested by a model that was
    trained on the other k - 1. Where the target is one class per row every fold has each class in the same
    proportion (scikit-learn's `StratifiedKFold`, else `KFold`, both with `shuffle=True, random_state=seed`);
    `repeats` deals anew (`RepeatedStratifiedKFold`, `RepeatedKFold`). The interval is that of the t-distribution
    with k · repeats - 1 degrees of freedom, mean ± t · s / √(k · repeats); folds share training rows, so that it is
    rather too narrow."""

    word = "kfold"
    aliases = (
        "KFold", "StratifiedKFold", "RepeatedKFold", "RepeatedStratifiedKFold",
        "cross_validation", "cross_val", "k_fold", "cv",
    )  # fmt: skip
    examples: ClassVar[tuple[str, ...]] = (
        "evaluate { protocol = kfold(5) }",
        "evaluate { protocol = kfold(10, repeats=3) }",
    )
    reference = "Kohavi, A study of cross-validation and bootstrap for accuracy estimation and model selection, 1995"

    k: Several = arg("how many folds; every class needs as many rows")
    repeats: Count = arg("how often all rows are dealt", 1)

    def trainings(self, samples: int | None) -> int | None:
        return self.k * self.repeats

    def untested(self, samples: int) -> int:
        return samples - -(-samples // self.k)


class LeaveOneOut(Protocol):
    """Every row is tested by a model that was trained on all others: as many trainings as rows, at most 1,000. Only
    metrics that are a mean over rows go with it: not `f1`, `precision`, `recall`, `auc`, `rmse`. The interval is that
    of the t-distribution over the rows."""

    word = "leave_one_out"
    aliases = ("LeaveOneOut", "loo", "loocv")
    examples: ClassVar[tuple[str, ...]] = ("evaluate { protocol = leave_one_out }",)

    def trainings(self, samples: int | None) -> int | None:
        return samples

    def untested(self, samples: int) -> int:
        return samples - 1

    def measures(self, metric: Metric | Loss) -> bool:
        return isinstance(metric, Loss) or metric.of_rows


class Bootstrap632(Protocol):
    """The .632 bootstrap. A fold draws as many rows as there are, with replacement: on average 63.2 % of them come.
    It trains on these draws and tests on the rows that were not drawn (out of bag). One more model, fold 0, is
    trained on all rows. With err_train, the error of that model on its own training part, and err_oob, the mean over
    the folds of the errors out of bag, the estimate is

        err632 = 0.368 · err_train + 0.632 · err_oob

    for the loss and every metric alike (an accuracy is 1 - err, which comes to the same). The interval holds the middle
    of the estimates that single folds give (percentiles). Rows drawn more than once stay in one part. Draws are
    `numpy.random.RandomState(seed).choice(rows, len(rows))`, fold after fold, as mlxtend's `BootstrapOutOfBag` draws
    them."""

    word = "bootstrap632"
    aliases = ("bootstrap", "Bootstrap", "bootstrap_632", "bootstrap_point632_score")
    bootstraps = True
    examples: ClassVar[tuple[str, ...]] = ("evaluate { protocol = bootstrap632(200) }",)
    reference = "Efron, Estimating the error rate of a prediction rule: improvement on cross-validation, JASA 78, 1983"

    n: Several = arg("how many draws; one more model is trained on all rows", 200)

    def trainings(self, samples: int | None) -> int | None:
        return self.n + 1

    def untested(self, samples: int) -> int:
        return int(samples * (1 - math.exp(-1)))


class Bootstrap632Plus(Protocol):
    """The .632+ bootstrap: `bootstrap632` with a weight that grows with overfitting. γ is the error where targets
    and predictions are unrelated: the mean over all pairs of a target and a prediction of the rows of err_train, for
    classes Σ p_c (1 - q_c) with p_c the share of class c among the targets and q_c that among the predictions. With
    err' = min(err_oob, γ) and the relative overfitting rate R = (err' - err_train) / (γ - err_train), or 0 unless
    err_oob and γ are both above err_train, the estimate is

        w = 0.632 / (1 - 0.368 · R),    err632+ = (1 - w) · err_train + w · err'

    from w = 0.632 without overfitting to w = 1. It is reported for the metrics that are a mean over rows of a
    comparison of one target with one prediction: `accuracy` (by its error) and `mae`. The interval holds the middle of
    the estimates that single folds give (percentiles)."""

    word = "bootstrap632plus"
    aliases = ("bootstrap_632_plus", "bootstrap632_plus", "bootstrap_plus")
    bootstraps = True
    examples: ClassVar[tuple[str, ...]] = ("evaluate { protocol = bootstrap632plus(200) }",)
    reference = "Efron and Tibshirani, Improvements on cross-validation: the .632+ bootstrap method, JASA 92, 1997"

    n: Several = arg("how many draws; one more model is trained on all rows", 200)

    def trainings(self, samples: int | None) -> int | None:
        return self.n + 1

    def untested(self, samples: int) -> int:
        return int(samples * (1 - math.exp(-1)))

    def measures(self, metric: Metric | Loss) -> bool:
        return isinstance(metric, (Accuracy, MeanAbsoluteError))
