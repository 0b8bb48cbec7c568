"""Scores for reports, drawn from normal distributions, and files of them in several formats."""

import csv

import numpy as np

from despoof_keras.evaluation.score_table import ScoreTable

SPECIES = ("print_1", "print_2", "replay_1")
TONES = ("dark", "light", "medium")


def score_table(
    seed, subjects=8, clips=2, gap=2.0, species=SPECIES, prefix="", source="scores.csv"
):
    """A table with `clips` presentations of each subject and species; attacks score higher.

    Args:
        seed: of the scores.
        subjects: number of people.
        clips: presentations of each person, bona fide and of each species.
        gap: distance of the two classes in standard deviations.
        species: of the attacks.
        prefix: of the keys and subjects.
        source: of the table.
    """
    random = np.random.default_rng(seed)
    rows = [
        (f"{prefix}{subject}-{pai}-{clip}", pai, subject, clip)
        for subject in range(subjects)
        for pai in ("bona_fide", *species)
        for clip in range(clips)
    ]
    pais = np.array([pai for _, pai, _, _ in rows])
    groups = {
        "phone": np.array([str(clip % 3 + 1) for _, _, _, clip in rows]),
        "skin_tone": np.array([TONES[subject % 3] for _, _, subject, _ in rows]),
    }
    return ScoreTable(
        tuple(key for key, *_ in rows),
        pais,
        random.normal(size=len(rows)) + gap * (pais != "bona_fide"),
        np.array([f"{prefix}{subject}" for _, _, subject, _ in rows]),
        groups,
        source,
        "Made for a test.",
    )


def write_bob(path, table):
    """Write bob's CSV: `score` is higher for bona fide presentations."""
    columns = ["claimed_id", "test_label", "is_bonafide", "attack_type", *table.groups, "score"]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for i, key in enumerate(table.keys):
            is_bona_fide = bool(table.is_bona_fide[i])
            attack_type = "" if is_bona_fide else table.pais[i]
            groups = [column[i] for column in table.groups.values()]
            score = repr(-float(table.spoof_scores[i]))
            writer.writerow([table.subjects[i], key, is_bona_fide, attack_type, *groups, score])


def write_two_columns(path, table):
    """Write lines of label and score, 1 and higher for attacks."""
    rows = zip((~table.is_bona_fide).astype(int), table.spoof_scores, strict=True)
    path.write_text("".join(f"{label} {float(score)!r}\n" for label, score in rows))
