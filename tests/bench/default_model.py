"""Rasa's default pipeline, installed and trained once for its inputs, in var/bench."""

from __future__ import annotations

import json
import resource
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from handoff_service.launch.commands import run_logged
from handoff_service.launch.environments import UV_VERSION
from handoff_service.launch.pythons import find_python310
from handoff_service.launch.settings import Settings
from handoff_service.launch.steps import Step, run_steps

RASA = "rasa==3.6.21"
SOURCES = Path("tests/bench/default_pipeline")


@dataclass(frozen=True)
class Training:
    """What training cost, in seconds."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class DefaultModel:
    """Where the environment and the trained model are; the steps make what is missing."""

    settings: Settings

    @property
    def venv(self) -> Path:
        """Rasa with TensorFlow."""
        return self.settings.var / "bench" / "rasa-default"

    @property
    def python(self) -> str:
        """The Python 3.10 of that environment."""
        return str(self.venv / "bin" / "python")

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.settings.var / "bench" / "default-model" / "default.tar.gz"

    @property
    def environment(self) -> dict[str, str]:
        """Rasa finds our tokenizer from the repository root; TensorFlow uses as many threads as it likes."""
        calm = {"RASA_TELEMETRY_ENABLED": "false", "RASA_MAX_CACHE_SIZE": "0", "TF_CPP_MIN_LOG_LEVEL": "2"}
        unset = {"OMP_NUM_THREADS"}
        return {name: value for name, value in {**self.settings.environ, **calm}.items() if name not in unset}

    def make(self) -> Training:
        """Installs and trains unless the inputs are the same; what the training cost, then or now."""
        root = self.settings.root
        learnt = (root / SOURCES, root / "data" / "training" / "nlu", root / "bot" / "components" / "tokenizer.py")
        self.install()
        run_steps(
            [
                Step(
                    title="training of the default pipeline (takes some minutes)",
                    stamp=self.model.with_name("stamp"),
                    output=self.model,
                    inputs=learnt,
                    versions=(RASA,),
                    act=self._train,
                ),
            ]
        )
        return Training(**json.loads(self.model.with_name("training.json").read_text()))

    def install(self) -> None:
        """Makes the environment unless it is there."""
        run_steps(
            [
                Step(
                    title="Rasa with its default pipeline (TensorFlow, 2.5 GB)",
                    stamp=self.venv / "stamp",
                    output=self.venv / "bin" / "python",
                    inputs=(),
                    versions=(RASA, UV_VERSION),
                    act=self._install,
                )
            ]
        )

    def _install(self) -> None:
        uv = str(self.settings.venv / "bin" / "uv")
        python = find_python310(self.settings.python310, self.settings.environ, uv=Path(uv))
        self._run([uv, "venv", "--clear", "--python", python, str(self.venv)], "making an environment")
        install = [uv, "pip", "install", "--python", self.python, "--compile-bytecode", RASA]
        self._run(install, "installing Rasa with TensorFlow")

    def _train(self) -> None:
        shutil.rmtree(self.model.parent, ignore_errors=True)
        sources = self.settings.root / SOURCES
        command = [self.python, "-m", "rasa", "train", "--fixed-model-name", self.model.name.removesuffix(".tar.gz")]
        command += ["--config", str(sources / "config.yml"), "--domain", str(sources / "domain.yml")]
        command += ["--data", "data/training/nlu", str(sources / "dialogue.yml"), "--out", str(self.model.parent)]
        training = self._run(command, "training the default pipeline")
        self.model.with_name("training.json").write_text(json.dumps(vars(training)))

    def _run(self, command: list[str], doing: str) -> Training:
        return timed(command, doing=doing, settings=self.settings, environment=self.environment)


def timed(command: list[str], *, doing: str, settings: Settings, environment: dict[str, str]) -> Training:
    """Runs a command to its end and returns what it cost; LaunchError when it fails."""
    begun, cpu_before = time.perf_counter(), _cpu_of_children()
    log = settings.var / "bench" / "bench.log"
    run_logged(command, doing=doing, log=log, cwd=settings.root, environment=environment)
    return Training(time.perf_counter() - begun, _cpu_of_children() - cpu_before)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
