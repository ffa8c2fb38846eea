"""Settings of the knowledge base, read from the environment (prefix TANDEM_KB_, and TANDEM_VAR)."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, HttpUrl, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are and how bold the answers may be; relative paths start at the working folder."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_KB_", frozen=True, hide_input_in_errors=True)

    var: Path = Field(default=Path("var"), validation_alias="TANDEM_VAR")
    index_url: HttpUrl = HttpUrl("http://127.0.0.1:8081")
    """Address to listen on; the other parts read the same variable to find this one."""
    tenants: dict[str, Literal["database"] | Path] = {"demo": Path("data/kb")}
    """Tenant name to the folder with its <language>/<article>.md files, or to "database"."""
    database_url: str | None = None
    """SQLAlchemy address of the database (SQLite or PostgreSQL); a file below TANDEM_VAR when it is not set."""
    token: SecretStr | None = None
    """Who edits articles shows this; without it nobody can."""
    background: Path = Path("data/background")
    mood: Path = Path("data/mood")
    own_mood: Path | None = None
    """Folder with <tenant>.jsonl: messages that a tenant has judged himself, whose customers speak in their own way."""
    evaluation: Path = Path("data/evaluation")
    model: str = "use-and-minilm-2"
    """An encoder of index/embedding.py, any sentence-transformers model name or folder, or several with "+"."""
    error_budget: float = Field(default=0.03, gt=0, lt=1)
    """Share of given answers that may be wrong."""
    error_budgets: dict[str, Annotated[float, Field(gt=0, lt=1)]] = {}
    """The same for single tenants, by name; the others have `error_budget`."""
    unhappy_threshold: float = Field(default=0.52, gt=0, lt=1)
    """From this probability a message counts as unhappy; at .52 1 to 3 % of calm questions do."""
    default_language: Literal["zh", "en"] = "zh"
    index: Literal["auto", "flat", "ivf-flat", "ivf-fp16", "ivf-sq8", "ivf-pq", "hnsw"] = "auto"
    """Kind of vector index; auto chooses by size, memory and measured recall (index/policy.py)."""
    vectors: Literal["faiss", "pgvector"] = "faiss"
    """Where vectors live: in each generation's folder, or in PostgreSQL."""
    vectors_url: SecretStr | None = None
    """SQLAlchemy address of the PostgreSQL with pgvector; TANDEM_KB_DATABASE_URL when it is not set."""
    keep: bool = True
    """Whether `serve` publishes edited articles by itself, from a process of its own."""
    look_seconds: float = Field(default=0.3, gt=0)
    """How often the keeper looks whether an article has changed."""
    recalibrate_minutes: float = Field(default=30.0, ge=0)
    """At most so often the confidence is fitted again after edits or judgements, in the background."""
    feedback_days: int = Field(default=365, ge=1)
    """How long customers' questions and what people said about them are kept, without personal data."""
    writer_url: HttpUrl | None = None
    """OpenAI-compatible API, up to and with /v1, that words answers anew; without it they stay as they are."""
    writer_model: str = ""
    writer_api_key: SecretStr | None = None
    writer_timeout_s: float = Field(default=3.0, gt=0, le=5)
    """Longest that an answer waits for the writer before it goes out as it stands."""
    writer_longest: int = Field(default=400, ge=40, le=2000)
    """Characters of a rewritten answer."""
    writer_at_once: int = Field(default=4, ge=1)
    """Answers that are being rewritten at a time; others go out as they stand."""
    writer_tenants: frozenset[str] | None = None
    """Tenants whose customers' questions may be sent to the writer; all when it is not set."""
    watch_seconds: float = Field(default=0.2, gt=0)
    """How often the pointer to the current generation is looked at."""
    timezone: str = "Asia/Shanghai"
    """Where the day begins on which an article becomes valid."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _writer_is_usable(self) -> Self:
        if self.writer_url is None:
            return self
        check_writer_address(self.writer_url, has_key=self.writer_api_key is not None)
        if not self.writer_model:
            raise ValueError("TANDEM_KB_WRITER_URL is set: name its model in TANDEM_KB_WRITER_MODEL")
        return self

    @model_validator(mode="after")
    def _budgets_have_tenants(self) -> Self:
        strangers = sorted(set(self.error_budgets) - set(self.tenants))
        if strangers:
            known = ", ".join(sorted(self.tenants))
            raise ValueError(f"TANDEM_KB_ERROR_BUDGETS names {', '.join(strangers)}; tenants are: {known}")
        return self

    def budget_of(self, tenant: str) -> float:
        """The share of a tenant's answers that may be wrong."""
        return self.error_budgets.get(tenant, self.error_budget)

    @property
    def vectors_address(self) -> str | None:
        """Where pgvector is; None when no address is set."""
        return self.vectors_url.get_secret_value() if self.vectors_url else self.database_url

    def today(self) -> date:
        """The day on which articles are valid or not."""
        return datetime.now(ZoneInfo(self.timezone)).date()

    @property
    def store(self) -> Path:
        return self.var / "kb_index"

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.store / 'knowledge.db'}"


def check_writer_address(url: HttpUrl, *, has_key: bool) -> None:
    """Raises ValueError with what to do when an address is not one that a question and a key may be sent to."""
    if url.username or url.password or url.query or url.fragment:
        raise ValueError(
            "TANDEM_KB_WRITER_URL has no user, query or fragment; the key goes into TANDEM_KB_WRITER_API_KEY"
        )
    if has_key and url.scheme == "http" and url.host not in ("127.0.0.1", "localhost", "[::1]"):
        raise ValueError(
            "TANDEM_KB_WRITER_API_KEY must not cross a network in the clear: use https in TANDEM_KB_WRITER_URL"
        )
