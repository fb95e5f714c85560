"""The first spec: scikit-learn's digits, with a word on every part."""

from __future__ import annotations

from dslc.scaffold.proposal import Proposal, file_stem, model_name

TEXT = """\
# {name}: which digit is it? A small CNN on scikit-learn's digits, so nothing is downloaded.
#
#   dslc check {stem}.dl                      mistakes, shapes, parameters
#   dslc run {stem}.dl --backend torch        train; or --backend keras
#   dslc compile {stem}.dl --backend keras    only write the script
#   dslc words Conv2D                     what a word means

model {name}(classes = 10) {{
  input image: 8x8x1                  # height x width x channels; the batch is never written

  image
  -> Conv2D(32, 3x3, padding=same, bias=false) -> BatchNorm -> relu
  -> Conv2D(64, 3x3, padding=same, bias=false) -> BatchNorm -> relu
  -> MaxPool2D(2x2)
  -> Flatten
  -> Dropout(0.3)
  -> Dense(classes) -> softmax        # the last flow is the output

  assert params < 100k                # a promise that `dslc check` keeps
}}

data {{
  source = digits
  split  = stratified(70, 15, 15)     # training, validation and test part
  scale  = 0..1
  batch  = 32
}}

train {{
  loss      = cross_entropy           # wants the softmax at the end
  optimizer = Adam(lr=1e-3)
  metrics   = [accuracy]
  epochs    = 20

  EarlyStopping(monitor=val_loss, patience=4, restore_best=true)
}}
"""


def starter(name: str) -> Proposal:
    """A spec called `name` that checks and trains."""
    stem = file_stem(name)
    return Proposal(TEXT.format(name=model_name(name), stem=stem), stem)
