"""Lets Rasa 3.6 be imported without TensorFlow, which it imports whatever the pipeline uses.

`stand_in()` answers `import tensorflow` and its companions with empty classes when the real package is not
installed; where it is, nothing is touched. A component that really needs TensorFlow fails at once with a clear text.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from typing import Any, ClassVar

PACKAGES = frozenset({"tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text", "keras"})
VERSION = "2.12.0"  # what Rasa 3.6.21 pins; it compares versions at import


class Placeholder(type):
    """A class that has any attribute (a class again) and, as a decorator, leaves a function as it is."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = Placeholder(name, (object,), {"__module__": __name__})
        setattr(cls, name, value)
        return value

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if cls.__module__ != __name__:  # a class of Rasa's own that inherits from a placeholder
            raise ModuleNotFoundError(
                f"{cls.__name__} needs TensorFlow: install it and remove it from bot/overrides.txt"
            )
        if len(args) == 1 and not options and isinstance(args[0], types.FunctionType | staticmethod | classmethod):
            return args[0]
        return cls


class PlaceholderModule(types.ModuleType):
    """A module whose every attribute is a Placeholder."""

    __path__: ClassVar[list[str]] = []
    __version__ = VERSION

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = Placeholder(name, (object,), {"__module__": __name__})
        setattr(self, name, value)
        return value


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds PlaceholderModules for PACKAGES."""

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """A spec for TensorFlow's packages, None for all others."""
        if name.partition(".")[0] not in PACKAGES:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """An empty module."""
        return PlaceholderModule(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


def stand_in() -> bool:
    """Answer TensorFlow imports unless it is installed; whether it stands in. Call before importing Rasa."""
    if any(isinstance(finder, Finder) for finder in sys.meta_path):
        return True
    if importlib.util.find_spec("tensorflow") is not None:
        return False
    sys.meta_path.append(Finder())
    return True
