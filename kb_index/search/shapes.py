"""The JSON shapes of the HTTP interface; the contract is tests/contracts/understand.json."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kb_index.articles.model import Article, Audience
from kb_index.confidence.decision import Action
from kb_index.reading.change import Kind
from kb_index.reading.follow_up import Said
from kb_index.reading.read import Reading
from kb_index.search.personal import Contact, FormerQuestion, Reminder
from kb_index.search.understand import CHAT, Asked, Hit, Understanding
from kb_index.shapes import TenantName, Usable

Text = Annotated[Usable, Field(min_length=1, max_length=8000)]
LanguageName = Literal["zh", "en"]
AudienceName = Literal["public", "agents"]
ArticleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")]
ChannelName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContextMessage(_Strict):
    author: Literal["customer", "bot", "agent"]
    text: Annotated[Usable, Field(max_length=8000)]
    article: ArticleName | None = None

    def said(self) -> Said:
        return Said(self.author, self.text, self.article)


class FormerQuestionModel(_Strict):
    article: ArticleName
    at: AwareDatetime
    solved: bool | None = None


class ContactModel(_Strict):
    products: list[Annotated[str, Field(min_length=1, max_length=120)]] = Field(default=[], max_length=50)
    asked: list[FormerQuestionModel] = Field(default=[], max_length=50)

    def contact(self) -> Contact:
        asked = tuple(FormerQuestion(each.article, each.at, each.solved) for each in self.asked)
        return Contact(tuple(self.products), asked)


class UnderstandRequest(_Strict):
    text: Text
    tenant: TenantName
    language: LanguageName | None = None
    context: list[ContextMessage] = Field(default=[], max_length=20)
    audience: AudienceName = "public"
    limit: int = Field(default=5, ge=1, le=20, strict=True)
    channel: ChannelName = CHAT
    contact: ContactModel | None = None

    def asked(self) -> Asked:
        return Asked(
            text=self.text,
            tenant=self.tenant,
            audience=Audience(self.audience),
            language=self.language,
            earlier=tuple(message.said() for message in self.context),
            limit=self.limit,
            channel=self.channel,
            contact=self.contact.contact() if self.contact else None,
        )


class HitModel(_Strict):
    article: str
    language: LanguageName
    title: str
    category: str
    passage: str
    answer: str
    score: float
    probability: float = Field(ge=0, le=1)
    quote: Literal[True] | None = None
    internal: Literal[True] | None = None
    doubt: str | None = None
    rewrite_within_s: float | None = None

    @classmethod
    def of(cls, hit: Hit) -> HitModel:
        flags = {"quote": hit.quote or None, "internal": hit.internal or None}
        return cls.model_validate({**asdict(hit), "score": round(hit.score, 4), **flags})


class DecisionModel(_Strict):
    action: Action
    probability: float
    threshold: float
    margin: float
    rule: str


class MoodModel(_Strict):
    unhappy: float
    label: Literal["calm", "unhappy"]
    evidence: tuple[str, ...]


class NoteModel(_Strict):
    kind: Kind
    before: str = Field(serialization_alias="from")
    after: str = Field(serialization_alias="to")


class ReadingModel(_Strict):
    text: str
    notes: tuple[NoteModel, ...]

    @classmethod
    def of(cls, reading: Reading) -> ReadingModel:
        notes = tuple(NoteModel(kind=note.kind, before=note.before, after=note.after) for note in reading.notes)
        return cls(text=reading.text, notes=notes)


class ReminderModel(_Strict):
    article: str
    title: str
    asked_at: AwareDatetime

    @classmethod
    def of(cls, reminder: Reminder) -> ReminderModel:
        return cls(article=reminder.article, title=reminder.title, asked_at=reminder.asked_at)


class UnderstandResponse(_Strict):
    language: LanguageName
    generation: str
    hits: tuple[HitModel, ...]
    decision: DecisionModel
    mood: MoodModel
    took_ms: float
    reading: ReadingModel | None = None
    reminder: ReminderModel | None = None

    @classmethod
    def of(cls, found: Understanding) -> UnderstandResponse:
        decision, mood = found.decision, found.mood
        return cls(
            language=found.language,  # type: ignore[arg-type]
            generation=found.generation,
            hits=tuple(HitModel.of(hit) for hit in found.hits),
            decision=DecisionModel(
                action=decision.action,
                probability=decision.probability,
                threshold=decision.threshold,
                margin=decision.margin,
                rule=decision.rule,
            ),
            mood=MoodModel(unhappy=mood.unhappy, label=mood.label, evidence=mood.evidence),  # type: ignore[arg-type]
            took_ms=found.took_ms,
            reading=ReadingModel.of(found.reading) if found.reading else None,
            reminder=ReminderModel.of(found.reminder) if found.reminder else None,
        )


class SearchResponse(_Strict):
    generation: str
    hits: tuple[HitModel, ...]


class ArticleResponse(_Strict):
    article: str
    language: LanguageName
    title: str
    category: str
    answer: str
    questions: tuple[str, ...]
    quote: Literal[True] | None = None
    doubt: str | None = None

    @classmethod
    def of(cls, article: Article, *, channel: str | None, doubt: str | None) -> ArticleResponse:
        return cls(
            article=article.id,
            language=article.language,  # type: ignore[arg-type]
            title=article.title,
            category=article.category,
            answer=article.answer_for(channel),
            questions=article.questions,
            quote=article.quote_only or None,
            doubt=doubt,
        )


class GenerationResponse(_Strict):
    generation: str
