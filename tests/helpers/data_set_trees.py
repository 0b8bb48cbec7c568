"""The files of the data sets, as names: whole sets, or a few of their subjects."""

import itertools

from despoof_keras.datasets.listing import walk

# As many clients as Replay-Attack's splits have, with numbers of their own.
REPLAY_CLIENTS = {"train": range(1, 16), "devel": range(16, 31), "test": range(31, 51)}
REPLAY_KINDS = (
    ("print", "highdef_photo"),
    ("mobile", "mobile_photo"),
    ("mobile", "mobile_video"),
    ("highdef", "highdef_photo"),
    ("highdef", "highdef_video"),
)
LIGHTINGS = ("controlled", "adverse")
CASIA_FOLDERS = {"train_release": range(1, 21), "test_release": range(1, 31)}
SIW_SUBJECTS = {"Train": range(1, 91), "Test": range(91, 166)}
# The lists that come with MSU-MFSD, as bob.db.msu_mfsd_mod has them.
MSU_LISTS = {
    "train_sub_list.txt": (2, 3, 5, 6, 7, 8, 9, 11, 12, 21, 22, 34, 53, 54, 55),
    "test_sub_list.txt": (
        *(1, 13, 14, 23, 24, 26, 28, 29, 30, 32, 33),
        *(35, 36, 37, 39, 42, 48, 49, 50, 51),
    ),
}
MSU_KINDS = ("ipad_video", "iphone_video", "printed_photo")


def replay_paths(split, clients):
    for client, lighting in itertools.product(clients, LIGHTINGS):
        start = f"client{client:03d}_session01"
        for take in (1, 2):
            yield f"{split}/real/{start}_webcam_authenticate_{lighting}_{take}.mov"
        for support, (device, source) in itertools.product(("fixed", "hand"), REPLAY_KINDS):
            name = f"attack_{device}_{start}_{source}_{lighting}.mov"
            yield f"{split}/attack/{support}/{name}"


def casia_paths(folder, subjects):
    names = [*(str(number) for number in range(1, 9)), *(f"HR_{n}" for n in range(1, 5))]
    for subject, name in itertools.product(subjects, names):
        yield f"{folder}/{subject}/{name}.avi"


def siw_paths(folder, subjects):
    """28 videos of each subject, as many as the most that a real one has."""
    for subject, sensor in itertools.product(subjects, (1, 2)):
        start = f"{subject:03d}/{subject:03d}-{sensor}"
        for medium, session in itertools.product((1, 2), (1, 2)):
            yield f"{folder}/live/{start}-1-{medium}-{session}.mov"
        for medium in (1, 2):
            yield f"{folder}/spoof/{start}-2-{medium}-1.mov"
        for medium, session in itertools.product((1, 2, 3, 4), (1, 2)):
            yield f"{folder}/spoof/{start}-3-{medium}-{session}.mov"


def msu_paths(clients):
    for client, (camera, ending) in itertools.product(
        clients, (("android", "mp4"), ("laptop", "mov"))
    ):
        yield f"real/real_client{client:03d}_{camera}_SD_scene01.{ending}"
        for kind in MSU_KINDS:
            yield f"attack/attack_client{client:03d}_{camera}_SD_{kind}_scene01.{ending}"


def write_msu_lists(root, clients=None):
    for name, own in MSU_LISTS.items():
        chosen = [client for client in own if clients is None or client in clients]
        (root / name).write_text("".join(f"{client:02d}\n" for client in chosen))


def write(root, paths):
    """Makes empty files."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def keys_of(splits):
    """The keys of each split."""
    return {split: [sample.key for sample in samples] for split, samples in splits.items()}


def faces_beside(root):
    """Makes an empty file with the positions of faces beside every video."""
    for path in list(walk(root)):
        if path.suffix in (".mov", ".mp4"):
            path.with_suffix(".face").touch()
