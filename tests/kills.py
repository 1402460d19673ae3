"""Kill `mirada index` at random moments and check that nothing acknowledged is lost.

A test runs it with few kills; the full run is `python -m tests.kills --kills 20`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mirada.store.lance import LanceStore
from tests import photos
from tests.conftest import command, write_plugin

PICTURES_A_ROUND = 700  # some three commits
SECONDS_A_PICTURE = "0.002"
STARTING, WORKING = 1.0, 2.0  # seconds within which a run is killed


@dataclass(frozen=True, slots=True)
class Tally:
    """What the rounds came to."""

    kills: int  # rounds whose process was still running when it was shot
    acknowledged: int  # pictures that a killed process had said to be kept
    pictures: int  # all that lay in the folder at the end


def kill_often(folder: Path, kills: int, *, seed: int = 0) -> Tally:
    """Index a growing album, killing each run; raises AssertionError if anything is wrong."""
    rng = random.Random(seed)
    album, home = folder / "album", folder / "album" / ".mirada"
    home.mkdir(parents=True)
    (home / "mirada.toml").write_text('encoder = "colour"\nroles = ["facts"]\n')
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MIRADA_")}
    environment |= {"PYTHONPATH": write_plugin(folder / "site")}
    environment |= {"COLOUR_SECONDS": SECONDS_A_PICTURE}
    acknowledged: set[str] = set()
    done = pictures = 0
    while done < kills:
        for _ in range(PICTURES_A_ROUND):
            colour = pictures % 256, pictures // 256 % 256, pictures // 65536
            photos.flat(colour, (8, 6)).save(album / f"{pictures}.png")
            pictures += 1
        heard, was_running = index_and_kill(album, environment, folder / "acknowledged", rng)
        done += was_running
        acknowledged |= heard
        check(home, acknowledged)
    subprocess.run(command(["index"]), cwd=album, env=environment, check=True, capture_output=True)
    check(home, acknowledged)
    assert len(LanceStore.open(home)) == pictures, "the last run did not complete the index"
    return Tally(done, len(acknowledged), pictures)


def index_and_kill(
    album: Path, environment: dict[str, str], output: Path, rng: random.Random
) -> tuple[set[str], bool]:
    """Ids that the run acknowledged before it was killed, and whether it was still running.

    One run in four is killed while it starts, the others at some moment of their work.
    """
    with output.open("w") as acknowledged:
        process = subprocess.Popen(
            command(["index", "--nl"]),
            cwd=album,
            env=environment,
            stdout=acknowledged,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        if rng.random() < 0.25:
            time.sleep(rng.uniform(0.1, STARTING))
        else:
            assert "new and changed files" in process.stderr.readline()
            time.sleep(rng.uniform(0, WORKING))
        process.kill()
        said = process.stderr.read()
        status = process.wait()
        process.stderr.close()
    assert status in {0, -signal.SIGKILL}, f"the run failed by itself: {said}"
    lines = output.read_text().splitlines(keepends=True)
    heard = {json.loads(line)["image_id"] for line in lines if line.endswith("\n")}
    return heard, status != 0


def check(home: Path, acknowledged: set[str]) -> None:
    """The store opens, holds all that was acknowledged, once, and finds no fault with itself."""
    if not (home / "images.lance").exists():
        assert not acknowledged, "acknowledged pictures, but no store"
        return
    store = LanceStore.open(home)
    ids = list(store.ids())
    assert len(ids) == len(set(ids)), "an image is stored twice"
    assert acknowledged <= set(ids), f"{len(acknowledged - set(ids))} acknowledged images lost"
    assert store.verify() == []


def main() -> None:
    """Run and print the tally."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = kill_often(Path(folder), arguments.kills, seed=arguments.seed)
    print(
        f"seed {arguments.seed}: {tally.kills} kills, {tally.acknowledged:,} images acknowledged "
        f"by killed runs, none lost, none twice; {tally.pictures:,} of {tally.pictures:,} "
        "indexed at the end"
    )


if __name__ == "__main__":
    main()
