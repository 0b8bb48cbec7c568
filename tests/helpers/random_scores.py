"""Random score tables of subjects who differ, for tests of statistics."""

import itertools

import numpy as np

from despoof_keras.evaluation.score_table import ScoreTable

SPECIES = ("bona_fide", "print_1", "print_2", "replay_1")


def random_table(seed, subjects=6, phones=2, repeats=2, gap=1.5, decimals=None):
    """Scores of `repeats` presentations of every subject, phone and species.

    Args:
        seed: of the scores.
        subjects, phones, repeats: how many there are of each.
        gap: by how much attacks are higher, in spreads of a class.
        decimals: to round to, so that scores tie.
    """
    random = np.random.default_rng(seed)
    rows = list(itertools.product(range(subjects), range(phones), range(repeats), SPECIES))
    names, phone, _, pais = (np.array(column).astype(str) for column in zip(*rows, strict=True))
    habits = random.normal(0, 0.7, subjects)[names.astype(int)]
    scores = random.normal(0, 1, len(rows)) + habits + gap * (pais != "bona_fide")
    if decimals is not None:
        scores = np.round(scores, decimals)
    keys = tuple("_".join(map(str, row)) for row in rows)
    return ScoreTable(keys, pais, scores, names, {"phone": phone})
