"""TFLite exports: real files in the real runtime, what they carry, and when none is written."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from scripts import run_here
from tensorflow.lite.python.schema_py_generated import TensorType

from despoof_keras.errors import DataError
from despoof_keras.evaluation.labelled_crops import LabelledCrops
from despoof_keras.export import conversion, parity
from despoof_keras.export.data import ExportData
from despoof_keras.export.endpoints import light_endpoint, score_endpoint
from despoof_keras.export.error_rates import carried_threshold
from despoof_keras.export.exporter import CARRIED_RULE, weights_sha256
from despoof_keras.export.graph import (
    Operator,
    code_of,
    minimum_runtime,
    operation_counts,
    probe,
    unpack,
)
from despoof_keras.export.int8 import choose_layers
from despoof_keras.export.saved_model import trial_crops
from despoof_keras.export.tflite_files import export_tflite
from despoof_keras.export.variants import BASELINE, VARIANTS, Bounds, Variant
from despoof_keras.metadata import ModelMetadata
from despoof_keras.tflite.detector import load_tflite
from despoof_keras.tflite.file import read_tflite_metadata
from despoof_keras.utils.litert import open_interpreter

SCRIPT = Path(__file__).parents[2] / "export" / "to_tflite.py"
METADATA = ModelMetadata(
    image_size=32,
    threshold=0.25,
    threshold_rule="a rule",
    crop_dtype="float32",
    licence="a licence",
)
# Errors of an untrained model's scores, relative and absolute.
TOLERANCES = {"float32": 1e-4, "float16": 2e-3, "dynamic": 0.05, "int8": 0.05, "light": 2e-3}


def smooth_crops(count, seed=3):
    """Crops with large patches, as faces have: `(count, 32, 32, 3)` uint8."""
    patches = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3))
    return patches.repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8)


def labelled(seed):
    """Dark bona fide crops and bright attacks, two of each of eight videos."""
    crops = smooth_crops(16, seed).astype(int)
    is_attack = np.arange(16) >= 8
    crops = np.where(is_attack[:, None, None, None], 128 + crops // 2, crops // 2)
    keys = tuple(f"video_{number // 2}" for number in range(16))
    pais = ("bona_fide",) * 8 + ("print_1",) * 4 + ("replay_1",) * 4
    return LabelledCrops(crops.astype(np.uint8), keys, (0, 1) * 8, pais)


@pytest.fixture(scope="module")
def model(make_despoofer):
    return make_despoofer(metadata=METADATA)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
    """`(folder, report)` of all variants."""
    folder = tmp_path_factory.mktemp("exported")
    data = ExportData(calibration=smooth_crops(24), held_out=smooth_crops(16, 4), gap=0.3)
    with pytest.MonkeyPatch.context() as patch:
        # The scores of an untrained model lie too close together for a rank to be kept.
        patch.setattr(choose_layers, "RANK_AIM", 0.0)
        return folder, export_tflite(model, folder, data=data)


def signature(folder, variant, name):
    content = (folder / f"{variant}.tflite").read_bytes()
    return open_interpreter(content).get_signature_runner(name)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_file_gives_the_models_scores(variant, model, exported):
    crops = smooth_crops(4, seed=9)
    expected = {k: np.asarray(v) for k, v in model(crops.astype(np.float32) / 256).items()}
    gives_noise = VARIANTS[variant].gives_noise
    runner = signature(exported[0], variant, "despoof" if gives_noise else "score")
    outputs = [runner(image=crop[None]) for crop in crops]
    names = {"score", "zero_one_map"} | ({"noise", "live_estimate"} if gives_noise else set())
    assert outputs[0].keys() == names
    score = np.concatenate([row["score"] for row in outputs])
    if VARIANTS[variant].score == "zero_one_map":
        expected["score"] = expected["zero_one_map"].mean((1, 2, 3))
    tolerance = TOLERANCES[variant]
    np.testing.assert_allclose(score, expected["score"], rtol=tolerance, atol=tolerance)
    if VARIANTS[variant] is BASELINE:
        for key in ("noise", "live_estimate", "zero_one_map"):
            values = np.concatenate([row[key] for row in outputs])
            np.testing.assert_allclose(values, expected[key], rtol=1e-4, atol=1e-4)
    if gives_noise:
        alone = signature(exported[0], variant, "score")
        assert alone.get_output_details().keys() == {"score"}
        scores = [alone(image=crop[None])["score"][0] for crop in crops]
        np.testing.assert_allclose(scores, score, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_file_takes_one_uint8_crop_and_has_built_in_operations_only(variant, exported):
    detail = signature(exported[0], variant, "score").get_input_details()
    assert detail.keys() == {"image"}
    assert tuple(detail["image"]["shape"]) == (1, 32, 32, 3)
    assert detail["image"]["dtype"] == np.uint8
    content = (exported[0] / f"{variant}.tflite").read_bytes()
    assert not [name for name in operation_counts(content) if name.startswith("CUSTOM")]
    assert minimum_runtime(content)


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_metadata_lie_in_the_file(variant, model, exported):
    metadata = read_tflite_metadata(exported[0] / f"{variant}.tflite")
    own_score = VARIANTS[variant].score
    other = {"score": own_score, "threshold": None, "threshold_rule": None} if own_score else {}
    assert metadata == dataclasses.replace(
        METADATA,
        crop_dtype="uint8",
        weights_sha256=weights_sha256(model),
        variant=variant,
        **other,
    )


@pytest.mark.slow
def test_the_report_says_it_all(exported):
    folder, report = exported
    assert json.loads((folder / "report.json").read_text()) == report
    assert report["variants"].keys() == set(VARIANTS)
    for figures in report["variants"].values():
        assert figures["score_error_median"] <= figures["bounds"]["median"]
        assert figures["latency_ratio"] > 0
    text = (folder / "report.md").read_text()
    for variant in VARIANTS:
        assert f"| {variant} |" in text
        assert f"Operations of {variant}: " in text
    sizes = {name: figures["kib"] for name, figures in report["variants"].items()}
    assert sizes["int8"] < sizes["float16"] < sizes["float32"]
    assert {path.name for path in folder.iterdir()} == {
        "report.md",
        "report.json",
        *(f"{variant}.tflite" for variant in VARIANTS),
    }


@pytest.mark.slow
def test_int8_runs_its_elus_in_int8_without_detours(exported):
    model = unpack((exported[0] / "int8.tflite").read_bytes())
    int8 = TensorType.INT8
    elus = 0
    for graph in model.subgraphs:
        makers = {int(i): o for o in graph.operators for i in o.outputs}
        for operation in graph.operators:
            kind = code_of(model, operation)
            types = [graph.tensors[int(i[0])].type for i in (operation.inputs, operation.outputs)]
            elus += kind == Operator.ELU and types == [int8, int8]
            if kind == Operator.QUANTIZE and types[0] != int8:
                maker = makers[int(operation.inputs[0])]
                assert code_of(model, maker) != Operator.DEQUANTIZE
    assert elus >= 12
    weights = [t for t in model.subgraphs[0].tensors if t.type == int8 and t.buffer]
    assert max(len(t.quantization.scale) for t in weights) > 1


@pytest.mark.slow
def test_dev_chooses_the_threshold_and_test_is_rated(make_despoofer, tmp_path):
    model = make_despoofer(metadata=dataclasses.replace(METADATA, score="zero_one_map"))
    dev, test = labelled(1), labelled(2)
    score = parity.keras_scores(model, dev.crops, "zero_one_map")
    if dev.gap(score) < 0:  # an untrained map may lean either way
        kernel = model.ds_net.get_layer("zero_one_map").kernel
        kernel.assign(-kernel)
    data = ExportData(dev=dev, test=test, source="set, protocol 2")
    report = export_tflite(model, tmp_path, ["float32", "light"], data)
    for variant in ("float32", "light"):
        figures = report["variants"][variant]
        metadata = read_tflite_metadata(tmp_path / f"{variant}.tflite")
        assert metadata.threshold == figures["threshold"] == figures["rates"]["threshold"]
        assert metadata.threshold_rule == CARRIED_RULE.format(
            rule="equal error rate of the dev videos of set, protocol 2, each video's score the "
            "mean of its frames"
        )
        for name in ("acer_dev", "acer_test"):
            assert figures["rates"][name] == figures["keras_rates"][name]
        keras_threshold = figures["keras_rates"]["threshold"]
        assert figures["threshold"] == pytest.approx(keras_threshold, abs=TOLERANCES[variant])


@pytest.mark.slow
def test_a_new_variant_is_a_row(model, tmp_path, monkeypatch):
    quarter = Variant(
        name="quarter",
        signatures={"score": light_endpoint},
        conversion=conversion.quantise_weights,
        bounds=Bounds(median=1.0, largest=2.0, noise=0.0),
        finish=lambda content, crops, score, gap, acer_change: (content, [f"{len(crops)}"]),
        score="zero_one_map",
    )
    monkeypatch.setitem(VARIANTS, "quarter", quarter)
    data = ExportData(calibration=smooth_crops(5), held_out=smooth_crops(4, 4))
    report = export_tflite(model, tmp_path, ["quarter"], data)
    assert report["variants"]["quarter"]["layers_in_float"] == ["5"]
    assert report["variants"]["quarter"]["bounds"]["largest"] == 2.0
    metadata = read_tflite_metadata(tmp_path / "quarter.tflite")
    assert (metadata.variant, metadata.score) == ("quarter", "zero_one_map")
    outputs = load_tflite(tmp_path / "quarter.tflite").despoof(smooth_crops(1)[0])
    assert outputs.keys() == {"score", "zero_one_map"}
    assert "| quarter |" in (tmp_path / "report.md").read_text()
    with pytest.raises(DataError, match=r"variants: expected some of .*light, quarter"):
        export_tflite(model, tmp_path, ["int4"])


def test_a_threshold_is_carried_over_by_the_videos_nearest_to_it():
    # 30 videos of two frames. The nearest 20 to 0.5 lie between 0.41 and 0.6, and 12 of them move
    # by 0.03; the others, far off, by 0.5.
    keys = tuple(f"video{number}" for number in range(30) for _ in range(2))
    expected = np.concatenate([np.linspace(0.41, 0.6, 20), np.full(5, 0.1), np.full(5, 0.9)])
    exported = expected + np.concatenate([np.full(8, 0.02), np.full(12, 0.03), np.full(10, 0.5)])
    crops = np.zeros((60, 8, 8, 3), np.uint8)
    dev = LabelledCrops(crops, keys, (0, 1) * 30, ("bona_fide",) * 60)
    # Frames differ, their means do not.
    frames = np.tile([-0.05, 0.05], 30)
    carried = carried_threshold(
        0.5, dev, np.repeat(expected, 2) + frames, np.repeat(exported, 2) - frames
    )
    assert carried == pytest.approx(0.53)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_model_that_gives_nan_leaves_nothing(make_despoofer, tmp_path):
    model = make_despoofer()
    kernel = model.ds_net.get_layer("noise").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(DataError, match="model: expected finite scores"):
        export_tflite(model, tmp_path / "target", ["float32"])
    assert not (tmp_path / "target").exists()


def replace_score(monkeypatch, name, make_endpoint):
    """Give a variant another function behind its signature `score`."""
    variant = VARIANTS[name]
    signatures = {**variant.signatures, "score": make_endpoint}
    monkeypatch.setitem(VARIANTS, name, dataclasses.replace(variant, signatures=signatures))


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["nan", "off", "names"])
def test_a_file_that_disagrees_leaves_nothing(wrong, model, tmp_path, monkeypatch):
    def spoil(model):
        function = score_endpoint(model)

        def score(image):
            value = function(image)["score"]
            if wrong == "names":
                return {"score": value, "more": value}
            return {"score": value + (np.nan if wrong == "nan" else 0.02)}

        return score

    (tmp_path / "float16.tflite").write_bytes(b"old")
    name = "light" if wrong == "names" else "float32"
    replace_score(monkeypatch, name, spoil)
    with pytest.raises(DataError, match=f"{name}: not exported, because "):
        export_tflite(model, tmp_path, [name], overwrite=True)
    assert contents(tmp_path) == {"float16.tflite": b"old"}


def test_flex_operations_are_refused(model, tmp_path, monkeypatch):
    import tensorflow as tf

    def flex(model):
        return lambda image: {
            "score": tf.reduce_mean(tf.image.rgb_to_hsv(tf.cast(image, tf.float32)), (1, 2, 3))
        }

    replace_score(monkeypatch, "float32", flex)
    with pytest.raises(DataError, match="float32: cannot be converted; "):
        export_tflite(model, tmp_path, ["float32"])
    assert contents(tmp_path) == {}


def test_arguments_are_checked_first(model, tmp_path):
    (tmp_path / "float32.tflite").write_bytes(b"old")
    with pytest.raises(DataError, match=r"float32\.tflite: already exists"):
        export_tflite(model, tmp_path, ["light", "float32"])
    (tmp_path / "report.md").write_bytes(b"of others")
    with pytest.raises(DataError, match=r"report\.md: already exists"):
        export_tflite(model, tmp_path, ["light"])
    (tmp_path / "report.md").unlink()
    with pytest.raises(DataError, match=r"variants: expected some of .*received int4"):
        export_tflite(model, tmp_path, ["int4"])
    with pytest.raises(DataError, match=r"variants: expected.*received none"):
        export_tflite(model, tmp_path, [])
    with pytest.raises(DataError, match=r"float32\.tflite: expected a folder"):
        export_tflite(model, tmp_path / "float32.tflite", ["float32"])
    data = ExportData(held_out=trial_crops(64))
    with pytest.raises(DataError, match="held_out: expected uint8 crops"):
        export_tflite(model, tmp_path, ["light"], data)
    assert contents(tmp_path) == {"float32.tflite": b"old"}


@pytest.mark.slow
def test_int8_needs_calibration(model, tmp_path):
    with pytest.raises(DataError, match="calibration: expected bona fide and attack crops"):
        export_tflite(model, tmp_path, ["int8"])
    assert contents(tmp_path) == {}


@pytest.mark.slow
def test_a_probe_gives_what_is_inside(model, exported):
    content = (exported[0] / "light.tflite").read_bytes()
    graphs = unpack(content)
    output = int(graphs.signatureDefs[0].outputs[0].tensorIndex)
    runner = open_interpreter(probe(graphs, [output])).get_signature_runner("probe")
    crop = smooth_crops(1)
    (values,) = runner(image=crop).values()
    expected = signature(exported[0], "light", "score")(image=crop)
    name = graphs.signatureDefs[0].outputs[0].name.decode()
    # Another graph, in which the runtime may take other operations together.
    np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-5)


def test_balanced_crops_are_of_every_species():
    dev = labelled(1)
    chosen = dev.balanced(6)
    assert chosen.shape == (6, 32, 32, 3)
    numbers = [int(np.flatnonzero((dev.crops == crop).all((1, 2, 3)))[0]) for crop in chosen]
    assert sorted(dev.pais[number] for number in numbers) == [
        "bona_fide", "bona_fide", "print_1", "print_1", "replay_1", "replay_1",
    ]  # fmt: skip
    assert len(dev.balanced(100)) == 16


def test_a_mistake_is_one_line(tmp_path):
    for arguments, expected in (
        (["--model", tmp_path / "missing"], f"{tmp_path / 'missing'}: expected"),
        (["--model", tmp_path / "missing", "--variants", "int3"], "variants: expected"),
        (["--model", tmp_path / "missing", "--fold", "2"], "fold: expected --protocol"),
    ):
        code, _, errors = run_here(SCRIPT, *arguments, "--output", tmp_path / "target")
        assert code == 1
        assert "Traceback" not in errors
        assert errors.splitlines()[-1].startswith(f"to_tflite.py: {expected}")
    assert contents(tmp_path) == {}


@pytest.mark.slow
def test_the_released_model_agrees_with_its_graph(reference, released_model, tmp_path):
    with np.load(reference / "released_outputs.npz") as archive:
        golden = {name: archive[name] for name in archive.files}
    # Pictures of the model's own size need no resize, so they are whole numbers in both.
    names = [
        name.split("/")[0]
        for name, value in golden.items()
        if name.endswith("/image_bgr") and value.shape == (256, 256, 3)
    ]
    assert names
    export_tflite(released_model, tmp_path, ["float32"])
    runner = signature(tmp_path, "float32", "despoof")
    for name in names:
        outputs = runner(image=golden[f"{name}/image_bgr"][None, ..., ::-1])
        assert outputs["score"][0] == pytest.approx(float(golden[f"{name}/score"]), abs=1e-5)
        for key in ("noise", "zero_one_map"):
            np.testing.assert_allclose(outputs[key][0], golden[f"{name}/{key}"], rtol=0, atol=1e-4)
    metadata = read_tflite_metadata(tmp_path / "float32.tflite")
    assert metadata.licence.startswith("MIT, Copyright 2019 Yaojie Liu")
