"""Pretrained networks as words: shapes, counts, stages, files and scripts, without a framework."""

from __future__ import annotations

from pathlib import Path

import pytest
from compiled import complaints, wanted

from dslc.driver import Analysis, analyse_source, choose_model, compile_model, unsupported
from dslc.source import Source
from dslc.vocab.architecture import TOP, architecture
from dslc.vocab.dims import symbol
from dslc.vocab.layers.backbones import Backbone
from dslc.vocab.libraries import either, of_library, spelled
from dslc.vocab.tensor import Mismatch, Tensor
from dslc.vocab.weights_files import file_for, unreadable
from dslc.vocab.word import words

NETWORKS: dict[str, type[Backbone]] = {
    name: word for name, word in words("flow").items() if issubclass(word, Backbone)
}


def analysed(text: str) -> Analysis:
    found = analyse_source(Source("net.dl", text))
    assert found.ok, [d.message for d in found.diagnostics]
    return found


def script(text: str, backend: str) -> str:
    found = analysed(text)
    model, _ = choose_model(found, None)
    assert model is not None
    written, problems = compile_model(found, model, wanted(backend), "net")
    assert written is not None, [d.message for d in problems]
    return written


def refused(text: str, backend: str) -> list[tuple[str, str]]:
    found = analysed(text)
    return [
        (d.code, d.fixes[0].message) for d in unsupported(found.models[-1].graph, wanted(backend))
    ]


def model(flow: str, size: str = "64x64x3") -> str:
    return f"model Net {{ input photo: {size}  photo -> {flow} -> GlobalAvgPool2D -> Dense(3) }}"


# --- tables ------------------------------------------------------------------------------------------


def test_there_are_eleven() -> None:
    assert len(NETWORKS) == 11


@pytest.mark.parametrize("name", NETWORKS)
def test_stages_are_in_order_and_hold_every_layer(name: str) -> None:
    found = architecture(name)
    order = [stage.name for stage in found.stages]
    assert order[-1] == TOP and len(set(order)) == len(order)
    for network in filter(None, (found.keras, found.torch)):
        places = [order.index(unit.stage) for unit in network.units]
        assert places == sorted(places) and set(places) == set(range(len(order)))
        names = [unit.name for unit in network.units]
        assert len(set(names)) == len(names)
        assert all(unit.trained or unit.kept for unit in network.units)
    if found.torch is not None:
        for unit in found.torch.units:
            stage = found.stage(unit.stage)
            assert stage is not None
            assert any(f"{unit.name}.".startswith(f"{part}.") for part in stage.torch)
    if found.keras is not None:
        starts = dict(zip(order, [0, *(stage.keras_end for stage in found.stages)], strict=False))
        for unit in found.keras.units:
            stage = found.stage(unit.stage)
            assert stage is not None and starts[unit.stage] <= unit.at < stage.keras_end
            assert not stage.keras or unit.name.startswith(stage.keras)


def test_a_stage_is_known_by_its_names_in_the_libraries() -> None:
    for name, known, meant in [
        ("ResNet50", "layer3", "conv4"),
        ("ResNet50", "block5", "conv5"),
        ("VGG16", "block3", "conv3"),
        ("InceptionV3", "Mixed_6e", "mixed7"),
        ("MobileNetV2", "features.14", "block_13"),
        ("MobileNetV2", "expanded_conv", "block_0"),
        ("DenseNet121", "denseblock4", "conv5"),
        ("EfficientNetB0", "features.7", "block7"),
    ]:
        stage = architecture(name).stage(known)
        assert stage is not None and stage.name == meant
    assert architecture("ResNet50").stage("conv9") is None
    inception = architecture("InceptionV3").stage("mixed8")
    assert inception is not None and inception.keras_end == 249  # as in the guide of Keras


def test_layers_are_found_by_stage_and_by_pattern() -> None:
    found = architecture("ResNet50")
    assert found.keras is not None and found.torch is not None
    assert {u.stage for u in found.keras.matching("conv5_*")} == {"conv5"}
    assert found.torch.matching("layer4.*.bn?") == tuple(
        u for u in found.torch.of_stages("conv5") if u.is_norm and "downsample" not in u.name
    )
    assert found.stage_names == ("conv1", "conv2", "conv3", "conv4", "conv5")


# --- shapes and counts -------------------------------------------------------------------------------


def test_numbers_that_differ_between_the_libraries() -> None:
    both = either(10, 12)
    assert of_library(2 * both + 1, "keras") == 21
    assert of_library(2 * both + 1, "torch") == 25
    assert either(7, 7) == 7
    assert spelled(both, str) == "10 (Keras) / 12 (PyTorch)"
    assert spelled(3, str) == "3"


def test_resnet50_as_its_libraries_count_it() -> None:
    trained, kept = NETWORKS["ResNet50"](weights="none").counts(Tensor((224, 224, 3)))
    assert of_library(trained + kept, "keras") == 23_587_712
    assert of_library(trained, "torch") == 23_508_032
    whole, kept = NETWORKS["ResNet50"](weights="none", top=True).counts(Tensor((224, 224, 3)))
    assert of_library(whole + kept, "keras") == 25_636_712
    assert of_library(whole, "torch") == 25_557_032


@pytest.mark.parametrize("name", NETWORKS)
def test_sizes_that_vary(name: str) -> None:
    word = NETWORKS[name](weights="none")
    height, width = symbol("H", 32), symbol("W", 32)
    found = word.infer(Tensor((height, width, 3)))
    assert isinstance(found, Tensor) and found.rank == 3
    refusal = NETWORKS[name](weights="none", top=True).infer(Tensor((height, width, 3)))
    assert isinstance(refusal, Mismatch) and refusal.code == "E0436"


def test_the_table_shows_both_counts() -> None:
    from dslc.cli.shapes import model_table

    summary = analysed(model("ResNet50(weights=none) as backbone")).models[0].summary
    assert summary is not None
    text = model_table(summary, layers=False, batch=None, width=200)
    assert "backbone: ResNet50" in text
    assert "23,534,592 (Keras) / 23,508,032 (PyTorch)" in text
    only = analysed(model("MobileNetV2(weights=none)")).models[0].summary
    assert only is not None
    assert "2,223,872" in model_table(only, layers=False, batch=None, width=200)


def test_a_definition_of_the_file_wins_over_the_word() -> None:
    text = """
    model VGG16 { input image: 8x8x1  image -> Conv2D(4, 3x3) -> relu }
    model Net { input image: 8x8x1  image -> VGG16 -> Flatten -> Dense(3) }
    """
    assert "models." not in script(text, "torch")
    itself = "model VGG16 { input image: 32x32x3  image -> VGG16(weights=none) -> Flatten }"
    assert "models.vgg16()" in script(itself, "torch")


# --- what backends refuse ----------------------------------------------------------------------------


def test_keras_has_no_small_resnet() -> None:
    for name in ("ResNet18", "ResNet34"):
        assert refused(model(f"{name}(weights=none)"), "torch") == []
        ((code, advice),) = refused(model(f"{name}(weights=none)"), "keras")
        assert code == "E0501" and "ResNet50" in advice and "specs/zoo" in advice


def test_keras_rounds_sizes_that_vary() -> None:
    free, even = "(H, W, 3)", "(H, W, 3) where H % 32 == 0 and W % 32 == 0"
    for name in ("MobileNetV2", "EfficientNetB0"):
        ((code, advice),) = refused(model(f"{name}(weights=none)", free), "keras")
        assert code == "E0501" and "multiples of 32" in advice
        assert refused(model(f"{name}(weights=none)", even), "keras") == []
        assert refused(model(f"{name}(weights=none)", free), "torch") == []
    assert refused(model("ResNet50(weights=none)", free), "keras") == []


def test_files_are_those_of_the_backend() -> None:
    assert file_for("runs/a-{backend}/best", "keras") == "runs/a-keras/best.keras"
    assert file_for("runs/a-{backend}/best", "torch") == "runs/a-torch/best.pt"
    assert file_for("a.weights.h5", "torch") == "a.weights.h5"
    assert unreadable("a.weights.h5", "keras") is None
    for ending in (".pt", ".pth", ".safetensors"):
        assert unreadable(f"a{ending}", "torch") is None
        ((code, advice),) = refused(model(f'VGG16(weights="a{ending}")'), "keras")
        assert code == "E0502" and f"not {ending};" in advice
    block = "block Part { input x: (H, W, C)  x -> Conv2D(3, 3x3) }\n"
    ((code, _),) = refused(block + model('Part(weights="a.keras")'), "torch")
    assert code == "E0502"
    assert refused(block + model('Part(weights="a.keras")'), "keras") == []


# --- scripts -----------------------------------------------------------------------------------------

SPECS = {
    "imagenet": model("ResNet50(weights=imagenet) as backbone"),
    "inception": model("InceptionV3(weights=imagenet) as backbone", "75x80x3"),
    "dense": model("DenseNet121(weights=none)"),
    "file": model('VGG16(weights="it\'s \\"w\\"-{backend}/best") as backbone'),
    "varying": model("VGG19(weights=none) as backbone", "(H, W, 3)"),
    "top": "model Net { input photo: 224x224x3  photo -> ResNet101(weights=imagenet, top=true) -> softmax }",
    "inception_top": "model Net { input x: 299x299x3  x -> InceptionV3(weights=imagenet, top=true) -> softmax }",
    "own": "block Part(n) { input x: (H, W, C)  x -> Conv2D(n, 3x3) -> BatchNorm -> relu }\n"
    + model('Part(8, weights="runs/a-{backend}/best") as part'),
    "scaled": """
    model Net { input photo: 64x64x3  photo -> MobileNetV2(weights=none) as b -> Flatten -> Dense(3) -> softmax }
    data { source = images("photos/") split = stratified(70, 15, 15) scale = backbone batch = 4 }
    train { loss = cross_entropy optimizer = Adam(lr=1e-3) metrics = [accuracy] epochs = 1 }
    """,
}
SPECS["caffe"] = SPECS["scaled"].replace("MobileNetV2", "VGG16")
SPECS["itself"] = SPECS["scaled"].replace("MobileNetV2", "EfficientNetB0")
SPECS["arrays"] = SPECS["caffe"].replace('images("photos/")', 'npz("a.npz")')
SPECS["unit"] = SPECS["itself"].replace('images("photos/")', 'npz("a.npz", values=0..1)')


def test_scripts_are_as_ruff_and_black_want_them(tmp_path: Path) -> None:
    for name, text in SPECS.items():
        for backend in ("keras", "torch"):
            (tmp_path / f"{name}_{backend}.py").write_text(script(text, backend), encoding="utf-8")
    assert complaints(tmp_path) == ""


def test_scripts_load_as_the_libraries_do() -> None:
    keras, torch = (script(SPECS["imagenet"], name) for name in ("keras", "torch"))
    assert 'weights="imagenet", include_top=False, input_shape=(64, 64, 3)' in " ".join(
        keras.split()
    )
    assert 'self.backbone = Backbone(models.resnet50(weights="IMAGENET1K_V1"))' in torch
    assert "transform_input=False" in script(SPECS["inception"], "torch")
    assert "classifier_activation=None" in script(SPECS["top"], "keras")
    assert "without_aux(" in script(SPECS["inception_top"], "torch")
    assert "input_shape=(None, None, 3)" in script(SPECS["varying"], "keras")


def test_a_script_says_how_it_scales() -> None:
    for spec, backend, sentence in [
        ("scaled", "keras", "As Keras' MobileNetV2 was trained: 0..255 -> -1..1."),
        ("scaled", "torch", "As torchvision's MobileNetV2 was trained: ImageNet's mean 0"),
        (
            "caffe",
            "keras",
            "As Keras' VGG16 was trained: BGR, minus the channel means of ImageNet.",
        ),
        ("itself", "keras", "# 0..255: Keras' EfficientNetB0 scales them itself"),
        ("unit", "keras", "Values from 0 to 255: Keras' EfficientNetB0 scales them itself."),
    ]:
        assert sentence in script(SPECS[spec], backend)


def test_penalties_and_constraints_are_of_the_layers_of_the_spec() -> None:
    """What torch would say of a class of layers would hold for those of the network too."""
    text = model(
        "ResNet18(weights=none) -> Conv2D(8, 1x1, regularizer=l2(1e-4), constraint=max_norm(3))"
    )
    found = script(text, "torch")
    assert "penalised(" in found and "constrained(" in found
    assert "isinstance(module, nn.Conv2d)" not in found.partition("def penalty")[2]


def test_several_networks_of_one_kind_have_names_of_their_own() -> None:
    text = """
    block Part(n) { input x: (H, W, C)  x -> Conv2D(n, 3x3) -> relu -> GlobalAvgPool2D }
    model Net {
      input photo: 64x64x3
      a = photo -> VGG16(weights=none) -> GlobalAvgPool2D
      b = photo -> VGG16(weights=imagenet) -> GlobalAvgPool2D
      c = photo -> Part(4, weights="a")
      d = photo -> Part(4, weights="b")
      concat(a, b, c, d) -> Dense(3)
    }
    """
    found = script(text, "keras")
    assert [found.count(f'name="{n}"') for n in ("vgg16_2", "part", "part_2")] == [1, 1, 1]


def test_a_network_in_a_block_and_one_beside_it_have_names_of_their_own() -> None:
    text = """
    block Encode { input x  x -> VGG16(weights=none) -> GlobalAvgPool2D }
    model Net {
      input photo: 64x64x3
      a = photo -> Encode
      b = photo -> VGG16(weights=none) -> GlobalAvgPool2D
      concat(a, b) -> Dense(3)
    }
    """
    found = script(text, "keras")
    assert found.count('name="vgg16_2"') == 1 and found.count("applications.VGG16(") == 2


def test_a_network_with_a_name_is_shared() -> None:
    text = """
    model Net {
      input left: 64x64x3
      input right: 64x64x3
      encode = ResNet50(weights="net-{backend}")
      a = left -> encode -> GlobalAvgPool2D
      b = right -> encode -> GlobalAvgPool2D
      concat(a, b) -> Dense(3)
    }
    """
    for backend in ("keras", "torch"):
        found = script(text, backend)
        assert found.count("ResNet50(") + found.count("resnet50(") == 1
        assert found.count(" load_weights(") == 2  # its definition, and one use
    assert 'name="encode"' in script(text, "keras")
