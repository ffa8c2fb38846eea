"""`python -m bot train | serve | evaluate`, run with bot/.venv from the repository root."""

import argparse
import logging
import os
import socket
import sys

from bot.settings import BadSetting, Settings

CALM = {"RASA_TELEMETRY_ENABLED": "false", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}


def main() -> int:
    """The exit code: 0 done, 1 failed with one sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python -m bot", description=__doc__)
    parser.add_argument("command", choices=["train", "serve", "evaluate"])
    command = parser.parse_args().command
    for name, value in CALM.items():
        os.environ.setdefault(name, value)
    from bot.without_tensorflow import stand_in

    stand_in()  # before anything imports Rasa
    silence_rasa()
    try:
        return {"train": train, "serve": serve, "evaluate": evaluate}[command](Settings.from_environment())
    except BadSetting as error:
        print(f"bot: {error}", file=sys.stderr)
        return 1


def silence_rasa() -> None:
    """Rasa and its libraries from WARNING on; its debug lines would hold what customers write."""
    import structlog

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)  # Rasa's frozen dependencies deprecate one another


def train(settings: Settings) -> int:
    """Train unless the model is current."""
    from bot.training import MODEL, TrainingFailed
    from bot.training import train as run

    try:
        seconds = run(settings)
    except TrainingFailed as error:
        print(f"bot: {error}", file=sys.stderr)
        return 1
    done = "is current" if seconds is None else f"trained in {seconds:.1f} s"
    print(f"bot: {settings.models / MODEL} {done}")
    return 0


def serve(settings: Settings) -> int:
    """Serve turns until stopped; what a person must put right is checked before Rasa's slow import."""
    from bot.training import MODEL

    if not (settings.models / MODEL).is_file():
        raise BadSetting(f"no model in {settings.models}: run `python -m bot train` first")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise BadSetting(
                f"port {settings.port} on {settings.host} cannot be used ({error.strerror}); set TANDEM_BOT_URL"
            ) from error
    from bot.server import serve as run

    run(settings)
    return 0


def evaluate(_settings: Settings) -> int:
    """Cross-validate the intent classifier on data/training."""
    from bot.evaluation import cross_validate

    print(cross_validate())
    return 0


if __name__ == "__main__":
    sys.exit(main())
