"""Settings of the knowledge base, read from the environment (prefix TANDEM_KB_, and TANDEM_VAR)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are and how bold the answers may be; relative paths start at the working folder."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_KB_", frozen=True)

    var: Path = Field(default=Path("var"), validation_alias="TANDEM_VAR")
    index_url: HttpUrl = HttpUrl("http://127.0.0.1:8081")
    """Address to listen on; the other parts read the same variable to find this one."""
    tenants: dict[str, Path] = {"demo": Path("data/kb")}
    """Tenant name to the folder with its <language>/<article>.md files."""
    background: Path = Path("data/background")
    mood: Path = Path("data/mood")
    evaluation: Path = Path("data/evaluation")
    model: str = "use-multilingual-v3"
    """Default encoder, or any sentence-transformers model name or folder."""
    error_budget: float = Field(default=0.03, gt=0, lt=1)
    """Share of given answers that may be wrong."""
    unhappy_threshold: float = Field(default=0.55, gt=0, lt=1)
    """From this probability a message counts as unhappy; at .55 about 2 % of calm questions do."""
    default_language: Literal["zh", "en"] = "zh"
    watch_seconds: float = Field(default=1.0, gt=0)
    """How often the pointer to the current generation is looked at."""
    timezone: str = "Asia/Shanghai"
    """Where the day begins on which an article becomes valid."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def store(self) -> Path:
        return self.var / "kb_index"
