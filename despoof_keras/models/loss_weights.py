"""What every term of DSNet's objective weighs; the terms themselves are in `losses`."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """Weight of every term of DSNet's objective (means over the batch are weighted).

    Attributes:
        zero_one_map: J_z.
        depth: J_DQ, depth of the live estimate.
        visual_quality: J_VQ, the discriminator's view of the live estimate.
        repetitive_live: J_r, live: no spectral peak in the noise.
        repetitive_spoof: J_r, spoof: a high spectral peak.
        magnitude: J_m, no noise in live faces.
        live_reconstruction: the live estimate of a live face is the face itself.
        spoof_noise: the noise of an attack has a given magnitude.
    """

    zero_one_map: float
    depth: float
    visual_quality: float
    repetitive_live: float
    repetitive_spoof: float
    magnitude: float
    live_reconstruction: float
    spoof_noise: float


# As in the authors' released code.
RELEASED_WEIGHTS = LossWeights(
    zero_one_map=6000.0,
    depth=600.0,
    visual_quality=100.0,
    repetitive_live=1.0,
    repetitive_spoof=2.0,
    magnitude=500.0,
    live_reconstruction=45000.0,
    spoof_noise=30.0,
)
# As recalled from the paper's section 4.1 (not verified against its text); the last two terms
# stand in the released code alone.
PAPER_WEIGHTS = LossWeights(
    zero_one_map=1.0,
    depth=0.1,
    visual_quality=0.016,
    repetitive_live=0.005,
    repetitive_spoof=0.005,
    magnitude=3.0,
    live_reconstruction=0.0,
    spoof_noise=0.0,
)
# By the names that `TrainingConfig.loss_weights` takes.
NAMED_WEIGHTS = {"released": RELEASED_WEIGHTS, "paper": PAPER_WEIGHTS}
TERMS = tuple(field.name for field in dataclasses.fields(LossWeights))
