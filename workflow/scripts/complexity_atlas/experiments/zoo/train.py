"""One training run: checkpoints, controls, loss curve and scores in one folder.

AdamW (betas .9, .95; decay .1 on matrices), gradients clipped to norm 1, warm-up over 3 % of the
steps, then a cosine down to a tenth of the family's rate. Every window of the text is read once
before any is read again, in an order that depends on the seed alone, so that the loss of a batch
before its update is a prequential code length as long as the text lasts.
"""

import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from itertools import pairwise
from math import cos, log, pi
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR

from complexity_atlas.contracts import write_table
from complexity_atlas.errors import AtlasError
from complexity_atlas.experiments.zoo.controls import CONTROLS, Weights
from complexity_atlas.experiments.zoo.epiplexity import k_auc
from complexity_atlas.experiments.zoo.evaluate import Exam, evaluate
from complexity_atlas.experiments.zoo.networks import LanguageModel, build, parameter_count
from complexity_atlas.experiments.zoo.settings import ZOO_VERSION, RunSpec
from complexity_atlas.experiments.zoo.tables import (
    EPIPLEXITY,
    LOSS_CURVE,
    RESPONSES,
    SCORES,
)
from complexity_atlas.experiments.zoo.text import ALPHABET, Corpus

_LOG_EVERY = 5  # seconds
_log = logging.getLogger(__name__)


def train_run(run: RunSpec, corpus: Corpus, exam: Exam, out: Path, device: str = "cpu") -> None:
    """Train one network and write the folder `out`, which appears when it is complete.

    step_<k>[_<control>].safetensors  saved networks: the checkpoints, and the last one's controls
    loss_curve.csv, epiplexity.csv    contracts LOSS_CURVE and EPIPLEXITY
    scores.csv, responses.parquet     contracts SCORES and RESPONSES, of all saved networks
    run.json                          settings, versions, and the hash of every saved network

    On the CPU the same arguments give the same bytes on the same machine and library versions; one
    thread is used, since networks of this size do not gain from more. Raises AtlasError when the
    text is shorter than a window.
    """
    torch.set_num_threads(1)
    trainer = Trainer(run, corpus.encoded("train"), device)
    curve = []
    with replacing_folder(Path(out)) as folder:
        recorder = _Recorder(run, corpus.sha256, exam, folder, device)
        recorder.record(trainer.network, 0)
        for start, end in pairwise(run.checkpoints):
            curve += _train(trainer, run, start, end)
            recorder.record(trainer.network, end)
        recorder.finish(np.array(curve))


def _train(trainer: "Trainer", run: RunSpec, start: int, end: int) -> list[float]:
    """Make the updates from `start` to `end`; returns their losses, and logs the progress."""
    losses = []
    begun = logged = perf_counter()
    for step in range(start + 1, end + 1):
        losses.append(trainer.step())
        now = perf_counter()
        if step == end or now - logged > _LOG_EVERY:
            logged = now
            _log.info(
                "%s: step %d of %d, %s characters, %.3f bits per character, %.0f characters/s",
                run.name,
                step,
                run.steps,
                f"{run.characters(step):,}",
                np.mean(losses[-10:]),
                run.characters(step - start) / (now - begun),
            )
    return losses


class Trainer:
    """A network and its optimiser; `step` makes one update."""

    def __init__(self, run: RunSpec, text: np.ndarray, device: str = "cpu"):
        self.network = build(run.family, run.size, len(ALPHABET), run.seed).to(device)
        self._batches = _batches(torch.from_numpy(text), run)
        self._device = device
        matrices = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim == 1]
        self._optimiser = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
            lr=self.network.learning_rate,
            betas=(0.9, 0.95),
            fused=True,
        )
        self._schedule = LambdaLR(self._optimiser, lambda step: _rate(step, run.steps))

    def step(self) -> float:
        """Learn from the next batch; returns its loss before the update, in bits per character."""
        batch = next(self._batches).to(self._device)
        logits, _ = self.network(batch[:, :-1])
        loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        self._optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self._schedule.step()
        return loss.item() / log(2)


def _rate(step: int, steps: int) -> float:
    """Learning rate of update `step` as a share of the peak."""
    warm_up = max(1, round(0.03 * steps))
    progress = max(0, step - warm_up) / max(1, steps - warm_up)
    return min(1.0, (step + 1) / warm_up) * (0.55 + 0.45 * cos(pi * progress))


def _batches(text: torch.Tensor, run: RunSpec) -> Iterator[torch.Tensor]:
    """Batches int64[batch, window + 1] without end; every pass takes the windows in a new order."""
    if len(text) <= run.window:
        raise AtlasError(
            f"zoo.window: {run.window} characters wanted, the training text has {len(text)}; "
            "give more text or a shorter window"
        )
    windows = text.unfold(0, run.window + 1, run.window)
    rng = np.random.default_rng(run.seed)
    queue = np.empty(0, np.int64)
    while True:
        while len(queue) < run.batch:
            queue = np.concatenate([queue, rng.permutation(len(windows))])
        yield windows[torch.from_numpy(queue[: run.batch])].long()
        queue = queue[run.batch :]


class _Recorder:
    """Saves and scores networks of a run, as they will be read from disk: rounded to its dtype."""

    def __init__(self, run: RunSpec, text_sha256: str, exam: Exam, folder: Path, device: str):
        self._run, self._text, self._exam, self._folder = run, text_sha256, exam, folder
        self._device = device
        self._reader = build(run.family, run.size, len(ALPHABET), run.seed).to(device)
        self._scores: list[dict] = []
        self._responses: list[pd.DataFrame] = []
        self._hashes: dict[str, str] = {}

    def record(self, network: LanguageModel, step: int) -> None:
        dtype = getattr(torch, self._run.dtype)
        weights = {name: value.cpu().to(dtype) for name, value in network.state_dict().items()}
        self._add(weights, step)
        if step == self._run.steps:
            for control, change in CONTROLS.items():
                self._add(change(weights, self._run.seed), step, control)

    def _add(self, weights: Weights, step: int, control: str = "") -> None:
        run, model = self._run, self._run.model(step, control)
        name, content = run.file(step, control), save(weights)
        (self._folder / name).write_bytes(content)
        self._hashes[name] = sha256(content).hexdigest()
        self._reader.load_state_dict(weights)
        seed = (run.seed, *model.encode())  # other draws for every network
        scores, responses = evaluate(self._reader, self._exam, seed, self._device)
        self._responses.append(responses.assign(model_id=model))
        for score in scores:
            self._scores.append(
                {
                    "model_id": model,
                    "run": run.name,
                    "family": run.family,
                    "size": run.size,
                    "seed": run.seed,
                    "precision": run.dtype,
                    "step": step,
                    "control": control,
                    "n_parameters": parameter_count(self._reader),
                    "characters": run.characters(step),
                    "text_sha256": self._text,
                    **asdict(score),
                }
            )
        shown = ", ".join(f"{s.benchmark_id.removeprefix('zoo_')} {s.value:.3f}" for s in scores)
        _log.info("%s: %s", model, shown)

    def finish(self, losses: np.ndarray) -> None:
        run, folder = self._run, self._folder
        steps = np.arange(run.steps)
        curve = pd.DataFrame(
            {"run": run.name, "step": steps, "characters": run.characters(steps), "loss": losses}
        )
        write_table(curve, folder / "loss_curve.csv", LOSS_CURVE)
        write_table(epiplexity(run, curve), folder / "epiplexity.csv", EPIPLEXITY)
        write_table(pd.DataFrame(self._scores), folder / "scores.csv", SCORES)
        responses = pd.concat(self._responses, ignore_index=True)
        write_table(responses, folder / "responses.parquet", RESPONSES)
        record = {
            **asdict(run),
            "run": run.name,
            "zoo_version": ZOO_VERSION,
            "text_sha256": self._text,
            "n_parameters": parameter_count(self._reader),
            "device": self._device,
            "versions": {name: version(name) for name in ("torch", "safetensors", "numpy")},
            "sha256": self._hashes,
        }
        (folder / "run.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def epiplexity(run: RunSpec, curve: pd.DataFrame) -> pd.DataFrame:
    """K_auc of every trained checkpoint after step 0, from the run's loss curve."""
    steps = [step for step in run.checkpoints if step]
    seen = [run.characters(step) for step in steps]
    return pd.DataFrame(
        {
            "model_id": [run.model(step) for step in steps],
            "run": run.name,
            "step": steps,
            "characters": seen,
            "k_auc": [k_auc(curve.characters, curve.loss, at) for at in seen],
        }
    )


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside `path`; it takes the place of `path` when the block succeeds."""
    temporary = path.with_name(f".{path.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)  # what a killed run left
    temporary.mkdir(parents=True)
    try:
        yield temporary
        shutil.rmtree(path, ignore_errors=True)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
