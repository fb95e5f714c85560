"""A source that is named as data to test with.

A test says something about new data only as long as nothing was chosen by it: no weights, no epoch to stop at, no
number of layers. A file or folder called `test` or `holdout` is somebody's part for that. As the source of a spec it
is split again, and its samples train the model and choose its best epoch; what is measured on them later is worth
nothing, and a comparison with others who left them alone is unfair. Write the training data here: the split makes the
parts.

It goes by the name of the file or of a folder in its path.

Reference: Hastie et al. (2009), The elements of statistical learning, section 7.2; Recht et al. (2019), Do ImageNet
classifiers generalize to ImageNet?, arXiv:1902.10811.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dslc.diagnostics import Fix
from dslc.lint.facts import Facts
from dslc.lint.rule import Finding, rule

NAMES = re.compile(
    r"(?:.*[_-])?(test|testing|testset|holdout|held_out|val|validation)(?:[_-]?(?:set|data))?"
)

TABLE = """
        model Churn {{
          input row: 12
          row -> Dense(16, init=he_normal) -> relu -> Dense(1, init=glorot_uniform) -> sigmoid
        }}

        data {{
          source = csv("{}", target=churned)
          split  = stratified(70, 15, 15)
          scale  = zscore
        }}

        train {{ loss = binary_cross_entropy  optimizer = Adam(lr=1e-3)  epochs = 20 }}
"""


@rule("L311", wrong=TABLE.format("churn/test.csv"), right=TABLE.format("churn/train.csv"))
def check(facts: Facts) -> Iterator[Finding]:
    plan, setting = facts.training, facts.setting("data", "source")
    path = getattr(plan.source, "path", None) if plan is not None else None
    if setting is None or not isinstance(path, str):
        return
    for part in re.split(r"[/\\]", path.lower()):
        name = NAMES.fullmatch(part.partition(".")[0])
        if name is not None:
            message = f"`{path}` is named as data to test with, and here it trains the model"
            fix = Fix("name the data to train with, or the file by what it is")
            yield Finding(setting.span, message, f"“{name[1]}”", fixes=(fix,))
            return
