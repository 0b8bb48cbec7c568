"""Despoofer: DSNet, DepthNet and the discriminator, trained in turn in a custom step."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from despoof_keras.distribution.determinism import fan_out
from despoof_keras.distribution.gradients import apply_gradients, gradients_of, replica_loss
from despoof_keras.distribution.multi_worker import DistributedFit
from despoof_keras.errors import DataError
from despoof_keras.evaluation.streaming_metric import PresentationAttackRates
from despoof_keras.metadata import ModelMetadata
from despoof_keras.models import losses
from despoof_keras.models.ds_net import NOISE_DIVISOR
from despoof_keras.models.loss_weights import RELEASED_WEIGHTS, TERMS, LossWeights
from despoof_keras.models.optimizers import OwnOptimizers
from despoof_keras.models.precision import FULL, OwnPrecision, precision
from despoof_keras.models.scores import spoof_scores
from despoof_keras.models.weight_averages import WeightAverages

# The attack instruments of OULU-NPU: print and replay.
INSTRUMENT_COUNT = 2
_NETWORKS = ("ds_net", "depth_net", "discriminator")
_CHOICES = {"attack_depth": ("zero", "face"), "visual_quality_on": ("all", "attack")}
_LossAndGradients = tuple[tf.Tensor, list[tf.Tensor | None]]


@keras.saving.register_keras_serializable("despoof_keras")
class Despoofer(OwnPrecision, DistributedFit, OwnOptimizers, WeightAverages, keras.Model):
    """The three networks as one trainable model.

    Called on `(batch, S, S, 3)` RGB in [0, 1], the model returns a mapping: `noise`,
    `zero_one_map`, `live_estimate` (`(batch, S, S, 6)`, HSV then RGB), `depth` (of the input),
    `depth_of_live_estimate` and `score`, the spoof score that the argument `score` names.

    `fit` and `evaluate` take batches that are mappings:
        `image`: `(batch, S, S, 3)` RGB in [0, 1];
        `depth`: `(batch, S / 8, S / 8, 1)` in [0, 1], the depth of the face shown, for bona fide
            faces and, with `attack_depth="face"`, for the faces on attack media;
        `label`: `(batch,)`, 0 bona fide, 1 attack;
        `instrument`: `(batch,)` int, 0 for bona fide, numbers from 1 for attack instruments;
        `weight`: `(batch,)`, optional and only in `evaluate`: 0 for rows that merely pad a batch,
            1 for all others.

    Args:
        ds_net, depth_net, discriminator: the networks, built for the same image size.
        loss_weights: weights of DSNet's terms.
        attack_depth: target depth of an attack's live estimate: `"zero"`, as in the released code,
            or `"face"`, as in the paper. The default agrees with DepthNet's own targets; with
            `"face"`, DSNet must give a flat picture the look of depth by noise of 1/45 of the
            input's range.
        visual_quality_on: live estimates that the discriminator judges, in its own turn and in
            DSNet's: `"all"`, as in the released code, or those of an `"attack"` alone, which is
            how published notes read the paper. Rows of bona fide faces are then zero.
        frozen_depth: leave DepthNet as it is, weights and batch norm statistics: it was trained
            before, as published notes say of the paper. Otherwise it has its turn in every step.
        score: name of the spoof score behind `score`, `val_acer` and `val_auc`; default: that of
            the metadata, or `"noise"` without metadata.
        instruments: number of attack instruments in the data.
        average_decay: decay of the moving averages of all weights and batch norm statistics; None
            keeps no averages. `AveragedValidation` validates with them, `adopt_averages` makes
            them the weights.
        metadata: what is saved with the model and its exports; default: the networks' image size
            and the score. It can also be set later.

    Raises:
        ValueError: a choice is unknown, or the metadata have another image size or score.

    Reference: Jourabloo et al., ECCV 2018, section 3.3; `Train.py` of the released code for the
    order of the turns.
    """

    OPTIMIZERS = ("optimizer", "depth_optimizer", "discriminator_optimizer")

    def __init__(
        self,
        ds_net: keras.Model,
        depth_net: keras.Model,
        discriminator: keras.Model,
        loss_weights: LossWeights = RELEASED_WEIGHTS,
        attack_depth: str = "zero",
        visual_quality_on: str = "all",
        frozen_depth: bool = False,
        score: str | None = None,
        instruments: int = INSTRUMENT_COUNT,
        average_decay: float | None = None,
        metadata: ModelMetadata | None = None,
        **kwargs: Any,
    ):
        super().__init__(**{"dtype": ds_net.dtype_policy, **kwargs})
        given = {"attack_depth": attack_depth, "visual_quality_on": visual_quality_on}
        for name, choices in _CHOICES.items():
            if given[name] not in choices:
                raise ValueError(f"{name}: expected one of {choices}; received {given[name]!r}")
        self.ds_net = ds_net
        self.depth_net = depth_net
        self.discriminator = discriminator
        self.loss_weights = loss_weights
        self.attack_depth = attack_depth
        self.visual_quality_on = visual_quality_on
        self.frozen_depth = frozen_depth
        if metadata is None:
            score = "noise" if score is None else score
            metadata = ModelMetadata(image_size=self.image_size, score=score)
        self.metadata = metadata
        if score not in (None, self.score):
            raise ValueError(f"score: expected the metadata's {self.score!r}; received {score!r}")
        self.instruments = instruments
        self.depth_optimizer = None
        self.discriminator_optimizer = None
        self._ds_net_with_input = keras.Model(
            ds_net.input, {**ds_net.output, "hsv_rgb": ds_net.get_layer("hsv_rgb").output}
        )
        names = ("loss", *TERMS, "depth_net", "discriminator")
        self._trackers = {name: keras.metrics.Mean(name, FULL) for name in names}
        self._rates = PresentationAttackRates(instruments)
        self.start_averages(average_decay)
        self.built = True

    @property
    def image_size(self) -> int:
        """Side S of the input, in pixels."""
        return self.ds_net.input.shape[1]

    @property
    def metadata(self) -> ModelMetadata:
        """Metadata that are saved with the model and its exports."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: ModelMetadata):
        if metadata.image_size != self.image_size:
            raise DataError(
                f"metadata: expected image_size {self.image_size}, the networks'; "
                f"received {metadata.image_size}"
            )
        self._metadata = metadata
        # Keras would go on using graphs that compute the score of the old metadata.
        self.test_function = self.predict_function = None

    @property
    def score(self) -> str:
        """Name of the spoof score that the model returns."""
        return self.metadata.score

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [*self._trackers.values(), self._rates]

    def compile(
        self,
        optimizer: keras.optimizers.Optimizer,
        depth_optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """Configure training with an optimizer for each network.

        With a `tf.distribute` strategy, the model must have been created in its scope.

        Args:
            optimizer: for DSNet; callbacks and schedules act on it.
            depth_optimizer, discriminator_optimizer: for the other two networks. With the policy
                mixed_float16, each of the three is wrapped in a `LossScaleOptimizer`.
            jit_compile: compile the computation of losses and gradients with XLA. The update of
                the weights is not compiled, because XLA cannot do so for several replicas.
            **kwargs: as in `keras.Model.compile`.

        Raises:
            ValueError: the settings would silently train differently on several replicas (an
                optimizer that accumulates gradients or clips scaled ones, `steps_per_execution`
                other than 1), or XLA is to compile synchronized batch norm, which it cannot.
        """
        parts = {
            "despoof_in_training": self.ds_net.non_trainable_variables,
            "depth_gradients": self.depth_net.non_trainable_variables,
            "discriminator_gradients": self.discriminator.non_trainable_variables,
            "ds_net_terms": (),
        }
        given = (optimizer, depth_optimizer, discriminator_optimizer)
        self.compile_networks(given, parts, jit_compile, **kwargs)

    def networks(self) -> tuple[keras.Model, keras.Model, keras.Model]:
        """Return DSNet, DepthNet and the discriminator."""
        return self.ds_net, self.depth_net, self.discriminator

    def despoof(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        """Return DSNet's outputs, its six-channel input I and the estimate ReLU(I - N / 45)."""
        outputs = dict(self._ds_net_with_input(images, training=training))
        hsv_rgb = outputs["hsv_rgb"]
        outputs["live_estimate"] = ops.relu(hsv_rgb - outputs["noise"] / NOISE_DIVISOR)
        return outputs

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        outputs = self.despoof(images, training=training)
        hsv_rgb = outputs.pop("hsv_rgb")
        outputs["depth"] = self.depth_net(hsv_rgb, training=training)["depth"]
        live_depth = self.depth_net(outputs["live_estimate"], training=training)["depth"]
        outputs["depth_of_live_estimate"] = live_depth
        outputs["score"] = spoof_scores(outputs)[self.score]
        return outputs

    def predict_scores(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compute all spoof scores of a batch and nothing else.

        Args:
            images: `(batch, S, S, 3)` RGB in [0, 1].

        Returns:
            Mapping from score name to `(batch,)`.
        """
        outputs = dict(self._ds_net_with_input(images, training=False))
        outputs["depth"] = self.depth_net(outputs["hsv_rgb"], training=False)["depth"]
        return spoof_scores(outputs)

    @functools.cached_property
    def scores_of(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        """`predict_scores` as a graph, which is made once for batches of all sizes."""
        images = tf.TensorSpec((None, self.image_size, self.image_size, 3), tf.float32)
        return tf.function(self.predict_scores, input_signature=[images])

    def train_step(self, data: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Train DepthNet, the discriminator and DSNet in turn, with a single pass through DSNet.

        DSNet's weights change only in its own turn, the last, so the discriminator's turn can use
        the same outputs. A frozen DepthNet has no turn.
        """
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.ds_net.trainable_variables])
            outputs = self.despoof_in_training(data["image"])
            with tape.stop_recording():
                depth_loss = self.train_depth_net(outputs["hsv_rgb"], data)
                discriminator_loss = self.train_discriminator(
                    outputs["hsv_rgb"], outputs["live_estimate"], data
                )
            terms = self.ds_net_terms(outputs, data)
            objective = self.weighted_sum(terms)
            loss = replica_loss(objective, self.optimizer)
        apply_gradients(self.optimizer, gradients_of(tape, loss, self.ds_net), self.ds_net)
        self.update_averages(self.optimizer.iterations)
        values = {**terms, "loss": objective, "depth_net": depth_loss}
        return self._track({**values, "discriminator": discriminator_loss})

    def test_step(self, data: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Compute the terms of training and the error rates, all networks in inference mode."""
        outputs = self.despoof(data["image"])
        outputs["depth"] = self.depth_net(outputs["hsv_rgb"], training=False)["depth"]
        terms = self.ds_net_terms(outputs, data)
        values = {**terms, "loss": self.weighted_sum(terms)}
        values["depth_net"] = losses.depth_loss(outputs["depth"], losses.input_depth(data))
        values["discriminator"] = self._discriminator_loss(
            outputs["hsv_rgb"], outputs["live_estimate"], data["label"]
        )
        score = spoof_scores(outputs)[self.score]
        weight = data.get("weight")
        self._rates.update_state(score, data["instrument"], weight)
        return {**self._track(values, weight), **self._rates.result()}

    def despoof_in_training(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """Run `despoof` in training mode, a method of its own so that XLA can compile it."""
        return self.despoof(images, training=True)

    def train_depth_net(self, hsv_rgb: tf.Tensor, data: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Train DepthNet, unless frozen, on the input's depth; return its loss, `(batch,)`."""
        if self.frozen_depth or not self.depth_net.trainable_variables:
            depth = self.depth_net(hsv_rgb, training=False)["depth"]
            return losses.depth_loss(depth, losses.input_depth(data))
        values, gradients = self.depth_gradients(hsv_rgb, losses.input_depth(data))
        apply_gradients(self.depth_optimizer, gradients, self.depth_net)
        return values

    def depth_gradients(self, hsv_rgb: tf.Tensor, target: tf.Tensor) -> _LossAndGradients:
        """Return DepthNet's loss, `(batch,)`, and the gradients of its mean."""
        with tf.GradientTape() as tape:
            depth = self.depth_net(hsv_rgb, training=True)["depth"]
            values = losses.depth_loss(depth, target)
            loss = replica_loss(values, self.depth_optimizer)
        return values, gradients_of(tape, loss, self.depth_net)

    def train_discriminator(
        self, hsv_rgb: tf.Tensor, live_estimate: tf.Tensor, data: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """Train the discriminator with DSNet's estimates fixed; return its loss, `(batch,)`.

        Unless all of its layers are frozen.
        """
        live_estimate = ops.stop_gradient(live_estimate)
        if not self.discriminator.trainable_variables:
            return self._discriminator_loss(hsv_rgb, live_estimate, data["label"])
        values, gradients = self.discriminator_gradients(hsv_rgb, live_estimate, data["label"])
        apply_gradients(self.discriminator_optimizer, gradients, self.discriminator)
        return values

    def discriminator_gradients(
        self, hsv_rgb: tf.Tensor, live_estimate: tf.Tensor, label: tf.Tensor
    ) -> _LossAndGradients:
        """Return the discriminator's loss, `(batch,)`, and the gradients of its mean."""
        with tf.GradientTape() as tape:
            synthesized = self.discriminator(live_estimate, training=True)
            real = self.discriminator(hsv_rgb, training=True)
            values = losses.discriminator_loss(
                synthesized["logits"], real["logits"], label, self.visual_quality_on
            )
            loss = replica_loss(values, self.discriminator_optimizer)
        return values, gradients_of(tape, loss, self.discriminator)

    def _discriminator_loss(self, hsv_rgb, live_estimate, label):
        """The discriminator's loss, `(batch,)`, in inference mode."""
        return losses.discriminator_loss(
            self.discriminator(live_estimate, training=False)["logits"],
            self.discriminator(hsv_rgb, training=False)["logits"],
            label,
            self.visual_quality_on,
        )

    def ds_net_terms(
        self, outputs: Mapping[str, tf.Tensor], data: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Compute DSNet's unweighted terms, the other networks frozen in inference mode.

        Args:
            outputs: as from `despoof`.
            data: a batch.

        Returns:
            Mapping from the names of `loss_weights.TERMS` to `(batch,)`.
        """
        live_estimates = fan_out(outputs["live_estimate"], 3)
        live_depth = self.depth_net(live_estimates[0], training=False)["depth"]
        logits = self.discriminator(live_estimates[1], training=False)["logits"]
        depth_target = data["depth"] if self.attack_depth == "face" else losses.input_depth(data)
        terms = losses.term_values(
            {
                "label": data["label"],
                "hsv_rgb": outputs["hsv_rgb"],
                "zero_one_map": outputs["zero_one_map"],
                "noise": outputs["noise"],
                "live_estimate": live_estimates[2],
                "depth_of_live_estimate": live_depth,
                "depth_target": depth_target,
                "logits_of_live_estimate": logits,
            }
        )
        if self.visual_quality_on == "attack":
            terms["visual_quality"] *= data["label"]
        return terms

    def weighted_sum(self, terms: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Return DSNet's objective, the weighted sum of its terms, `(batch,)`."""
        return sum(self.loss_weights[name] * terms[name] for name in TERMS)

    def _track(self, values, weight=None):
        for name, value in values.items():
            # A tracker's count needs no data. If Keras reads past the end of a data set of unknown
            # length, the count would rise before the step is cut off, unless it waits for the data.
            with tf.control_dependencies([value]):
                self._trackers[name].update_state(value, weight)
        return {name: tracker.result() for name, tracker in self._trackers.items()}

    def get_config(self) -> dict[str, Any]:
        networks = {name: getattr(self, name) for name in _NETWORKS}
        return {
            **super().get_config(),
            **{k: keras.saving.serialize_keras_object(v) for k, v in networks.items()},
            "loss_weights": dict(self.loss_weights),
            "attack_depth": self.attack_depth,
            "visual_quality_on": self.visual_quality_on,
            "frozen_depth": self.frozen_depth,
            "instruments": self.instruments,
            "average_decay": self.average_decay,
            "metadata": self.metadata.to_dict(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Despoofer:
        config = dict(config)
        with precision(keras.dtype_policies.get(config.get("dtype") or FULL)):
            for name in _NETWORKS:
                config[name] = keras.saving.deserialize_keras_object(config[name])
        config["loss_weights"] = LossWeights(**config["loss_weights"])
        if "metadata" in config:
            config["metadata"] = ModelMetadata.from_dict(config["metadata"], "metadata")
        else:  # saved before models had metadata, see `read_metadata`
            size, score = config["ds_net"].input.shape[1], config.pop("score")
            config["metadata"] = ModelMetadata(size, score, package_version=None)
        return cls(**config)
