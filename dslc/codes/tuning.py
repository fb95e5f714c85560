"""E0440 to E0446: fine-tuning a backbone."""

from __future__ import annotations

from dslc.codes.code import Code

CODES = (
    Code(
        "E0440",
        "Fine-tuning without a name",
        "`finetune` says by its name which part of the model is the backbone; a `phase` stands in it, and its name is "
        "what the log says.",
        "finetune { phase { freeze = all } }",
        "finetune backbone { phase head { freeze = all } }",
    ),
    Code(
        "E0441",
        "No such backbone",
        "The backbone is a step of the model that carries the label: `photo -> ResNet50(weights=imagenet, top=false) "
        "as backbone`. It must have weights, and something of the model must be left as the head.",
        "finetune base { strategy = classifier }   # the model says `as backbone`",
        "finetune backbone { strategy = classifier }",
    ),
    Code(
        "E0442",
        "No such part of the backbone",
        "A name or pattern must be that of a stage or layer of the backbone; otherwise what was meant to be frozen "
        "would train in silence, or the other way round. In a network such as `ResNet50` the stages have their names, "
        "and a pattern may match the names that either library gives its layers; in a backbone of one's own the names "
        "are the labels, blocks and named values of its block.",
        "phase tune { unfreeze = from(conv6) }   # ResNet50 ends with conv5",
        "phase tune { unfreeze = from(conv5) }",
    ),
    Code(
        "E0443",
        "A phase that does not say what trains",
        "`freeze` names what stays and lets the rest of the backbone train; `unfreeze` is the other way round. A phase "
        "says one of the two, and something must be left to train.",
        "phase tune { freeze = until(conv3)  unfreeze = from(conv4) }",
        "phase tune { unfreeze = from(conv4) }",
    ),
    Code(
        "E0444",
        "A strategy and its phases disagree",
        "A strategy says how much of the backbone is trained in the end. Without phases it makes them, from the epochs "
        "and the optimiser of `train`; with phases these must lead to what it says.",
        "finetune backbone { strategy = classifier  phase tune { unfreeze = all } }",
        "finetune backbone { strategy = full  phase tune { unfreeze = all } }",
    ),
    Code(
        "E0445",
        "A learning rate for a group that does not exist",
        "`rates` gives groups of weights learning rates of their own: the backbone by its label, one of its stages or "
        "parts, or `head`, which is everything else. A group must train in that phase.",
        "phase tune { unfreeze = from(conv4)  rates { body = 1e-5 } }",
        "phase tune { unfreeze = from(conv4)  rates { backbone = 1e-5  head = 1e-3 } }",
    ),
    Code(
        "E0446",
        "Optimiser state that cannot be kept",
        "With `optimizer_state = keep` a phase goes on with the momenta of the phase before it. So there must be one, "
        "and both need the same kind of optimiser: what `momentum`, `amsgrad` or `centered` gathers must be there "
        "before.",
        "phase tune { unfreeze = all  optimizer = SGD(lr=1e-3)  optimizer_state = keep }   # after Adam",
        "phase tune { unfreeze = all  optimizer = Adam(lr=1e-5)  optimizer_state = keep }",
    ),
)
