"""E0435 to E0439: pretrained networks."""

from __future__ import annotations

from dslc.codes.code import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0435",
        "A network for colours",
        "The networks of keras.applications and torchvision were made for images of red, green and blue: their weights "
        "take three channels. A grey image has one; repeated three times it is a colour image that looks the same, and "
        "a 1x1 convolution learns three channels of its own.",
        "input image: 224x224x1\nimage -> ResNet50(weights=imagenet)",
        "input image: 224x224x1\nconcat(image, image, image) -> ResNet50(weights=imagenet)",
    ),
    Code(
        "E0436",
        "An image of the wrong size for the network",
        "These networks halve the image five times, so that keras.applications takes images from 32x32 on (75x75 for "
        "InceptionV3). Their classifiers, `top=true`, were made for one size only: 224x224, or 299x299.",
        "input image: 28x28x3\nimage -> ResNet50(weights=imagenet)",
        "input image: 32x32x3\nimage -> ResNet50(weights=imagenet)",
    ),
    Code(
        "E0437",
        "Nothing says how to scale for the backbone",
        "`scale = backbone` scales images as the network was trained on them. So the model needs one of the pretrained "
        "networks, which reads an input of the model itself; several of them must agree in both libraries.",
        'data { source = images("photos/")  scale = backbone }   # no pretrained network in the model',
        'data { source = images("photos/")  scale = 0..1 }',
    ),
    Code(
        "E0438",
        "A pretrained network that stands in several places",
        "Every place where a network stands has one of its own, with all of its weights. A block that holds one and is "
        "used twice has two of them, under one name. To send several images through the same network, name the block "
        "or the network: its weights are then shared.",
        "block Encode { input x  x -> ResNet50(weights=imagenet) -> GlobalAvgPool2D }\n"
        "# l = left -> Encode   r = right -> Encode",
        "encode = Encode\nl = left -> encode   r = right -> encode",
    ),
    Code(
        "E0439",
        "Weights of a block that cannot be read",
        "`weights` of a block or model of one's own is the path, in quotes, of a file that a script wrote when it "
        "trained a model with that block. Such a block stands in the flow of a model, once: in a group, an arm, a "
        "repetition or another block it would be several blocks with the same first weights.",
        "x -> Features(weights=imagenet)",
        'x -> Features(weights="runs/digits-{backend}/best")',
    ),
)
