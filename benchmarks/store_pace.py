"""How fast `despoof data prepare` is on videos of 1080 x 1920 pixels, and where its time goes.

    python benchmarks/store_pace.py --videos 500 --frames 150

The videos are clips of the embedded set, enlarged and encoded as H.264, as many different ones as
`--clips`, each under several names. The store's time is given relative to that of decoding the same
videos in as many processes, up to the last frame that is needed, with nothing else done.
"""

import argparse
import itertools
import os
import shutil
import tempfile
import time
from pathlib import Path

import av
import cv2

from despoof_keras.datasets.clip_crops import clip_frames
from despoof_keras.datasets.crops import CropSettings
from despoof_keras.datasets.eye_files import read_eyes, write_eyes
from despoof_keras.datasets.samples import BONA_FIDE, VideoSample
from despoof_keras.datasets.shard_jobs import crop_shard
from despoof_keras.datasets.store.build import prepare_store
from despoof_keras.datasets.store.contents import StoreContents
from despoof_keras.datasets.store.manifest import read_manifest
from despoof_keras.evaluation.tables import show
from despoof_keras.synthesis import data_at
from despoof_keras.utils.processes import default_processes, in_processes
from despoof_keras.utils.programs import start_tensorflow
from despoof_keras.utils.video.frames import read_frames

HEIGHT, WIDTH, RATE = 1920, 1080, 30
# OULU-NPU.
VIDEOS, FRAMES = 4950, 150
CORES = (2, 100)


def enlarge(source: VideoSample, path: Path, frames: int) -> None:
    """Write a clip in OULU-NPU's size, forwards and backwards until it has enough frames."""
    pictures = [picture for _, picture in read_frames(source.path)]
    eyes = read_eyes(source.eye_path)
    height, width = pictures[0].shape[:2]
    scale = HEIGHT / height
    left = (round(width * scale) - WIDTH) // 2
    order = itertools.cycle([*range(len(pictures)), *range(len(pictures) - 2, 0, -1)])
    known = {}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, place in zip(range(frames), order, strict=False):
            large = cv2.resize(pictures[place], (round(width * scale), HEIGHT))
            frame = av.VideoFrame.from_ndarray(large[:, left : left + WIDTH], format="rgb24")
            container.mux(stream.encode(frame))
            known[number] = eyes[place] * scale - [left, 0, left, 0]
        container.mux(stream.encode())
    write_eyes(path.with_suffix(".txt"), known)


def make_videos(folder: Path, videos: int, clips: int, frames: int) -> list[VideoSample]:
    """Write the videos; return them."""
    sources = data_at(root=None).load()["train"]
    step = len(sources) // clips
    samples = []
    for number in range(videos):
        source, first = sources[number % clips * step], folder / f"{number % clips:05d}.mp4"
        path = folder / f"{number:05d}.mp4"
        if number < clips:
            enlarge(source, path, frames)
        else:
            shutil.copy(first, path)
        eyes = first.with_suffix(".txt")
        samples.append(VideoSample(path, path.stem, source.subject, 1, source.pai, eye_path=eyes))
    return samples


def decode(sample: VideoSample) -> int:
    """Decode what a store needs, and no more."""
    return sum(1 for _ in clip_frames(sample, lambda *_: None, CropSettings().frames_per_video))


def timed(function) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def seconds_by_part(samples: list[VideoSample], folder: Path) -> dict[str, float]:
    """Seconds a video in one process: decoded, then also cropped and compressed, then with mesh."""
    parts = {}
    settings = {depth: CropSettings(face_depth=depth) for depth in ("generic", "mesh")}
    chosen = [sample for sample in samples if sample.pai == BONA_FIDE][:4]

    def make(depth):
        contents = StoreContents("oulu_npu", tuple(chosen), {}, settings[depth])
        for job in contents.jobs(folder):
            crop_shard(job)

    make("mesh")  # loads the face models
    parts["decoding"] = timed(lambda: [decode(sample) for sample in chosen]) / len(chosen)
    parts["crops, PNG"] = timed(lambda: make("generic")) / len(chosen) - parts["decoding"]
    whole = timed(lambda: make("mesh")) / len(chosen)
    parts["depth of bona fide faces"] = whole - sum(parts.values())
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, default=500)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--frames", type=int, default=FRAMES)
    options = parser.parse_args()
    start_tensorflow()
    # Workers import what they run, and know nothing of this program's main module.
    from store_pace import decode

    processes = default_processes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = make_videos(folder, options.videos, options.clips, options.frames)
        parts = seconds_by_part(samples, folder)
        contents = StoreContents("oulu_npu", tuple(samples), {}, CropSettings())
        decoding = timed(lambda: list(in_processes(decode, samples, processes)))
        making = timed(lambda: prepare_store(contents, folder / "store", processes=processes))
        manifest = read_manifest(folder / "store")
    crops = sum(manifest["crops"].values())
    size = sum(facts["bytes"] for facts in manifest["shards"].values())
    pace = options.videos / making
    show(
        f"{options.videos} videos of {options.frames} frames, {os.cpu_count()} processors, "
        f"{processes} processes",
        f"a store: {60 * pace:.0f} videos a minute, {making / decoding:.2f} times decoding alone",
        f"{size / crops:,.0f} bytes a crop with its depth ({crops:,} crops)",
        *(f"{part}: {seconds:.3f} s a video in one process" for part, seconds in parts.items()),
    )
    # Decoding takes longer the more frames there are; the crops are ten of each video.
    longer = FRAMES / options.frames - 1
    seconds = VIDEOS / options.videos * (making + longer * decoding)
    for cores in CORES:
        show(
            f"OULU-NPU on {cores} cores: {seconds * processes / cores / 3600:.2f} hours, "
            f"{VIDEOS * crops / options.videos * size / crops / 1e9:.1f} GB"
        )


if __name__ == "__main__":
    main()
