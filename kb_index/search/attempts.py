"""Searching a message in the readings that it deserves, and choosing whose answer counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kb_index.articles.model import Article, Audience
from kb_index.confidence.decision import CHOICES, CLARIFY_FROM, LEAST_CHOICES, Action, Decision, decide
from kb_index.confidence.vague import refuses
from kb_index.index.contents import Tenant
from kb_index.reading.change import Kind, Note
from kb_index.reading.follow_up import SURELY, Said, follow_up, names_a_topic
from kb_index.reading.read import Reading, read
from kb_index.reading.remembered import PerIndex
from kb_index.reading.vocabulary import vocabulary_of
from kb_index.search.asking import Embed, questions_of
from kb_index.search.personal import Contact, preferred
from kb_index.search.retriever import Question, Ranking, TenantIndex
from kb_index.text.folding import fold

FROM_BEFORE = 0.7
"""Weight of the score with what was said before, against 1 for the score of the message alone; flat from .5 to 1."""

TOLD_ALREADY = 0.7
"""What the article that was answered last loses: who goes on asking wants to know something else, or says so."""

COMPARED = 8
"""Candidates of the reading with what was said before among which a follow-up's article is chosen."""

STRANGE_TO_ALL = 0.05
"""Below this probability that any article answers, what a message names is nothing that the tenant has articles on."""

LEAST_LIKELY = 0.05
"""An article that is less likely alone is no choice to offer."""

RECOGNISED = 200
"""Characters of an answer by which it is recognised in what was said before."""


@dataclass(frozen=True)
class Attempt:
    """One reading with what was found for it."""

    reading: Reading
    question: Question
    ranking: Ranking
    decision: Decision
    probabilities: Sequence[float]

    @property
    def worth(self) -> tuple[int, float]:
        """An answer is worth more than a question back, and that more than nothing; among equals the likelier."""
        order = (Action.ABSTAIN, Action.CLARIFY, Action.ANSWER)
        return order.index(self.decision.action), self.decision.probability


@dataclass(frozen=True)
class Search:
    """Everything that stays the same between the readings of one message."""

    tenant: Tenant
    embed: Embed
    audience: Audience
    day: date
    contact: Contact | None
    language_of: Callable[[str], str]

    def best(self, text: str, earlier: Sequence[Said]) -> tuple[Attempt, Question]:
        """The attempt that counts, and the message itself as a question, for whoever judges its tone."""
        folded = fold(text)
        reading = read(folded, vocabulary_of(self.tenant.index))
        readings = [reading] if reading.sure else [Reading(folded), reading]
        went_on = follow_up(reading.text, earlier, title_of=self._title_of)
        ahead = [went_on.texts[0]] if went_on is not None and went_on.score >= SURELY else []
        questions = self._questions([each.text for each in readings] + ahead)
        own = max(map(self._attempt, readings, questions), key=lambda attempt: attempt.worth)
        if went_on is None or (not ahead and own.decision.action is Action.ANSWER):
            return own, questions[0]
        with_before = questions[-1] if ahead else self._questions(went_on.texts[:1])[0]
        return self._with_before(own, with_before, earlier), questions[0]

    def _questions(self, texts: Sequence[str]) -> list[Question]:
        return questions_of(texts, self.tenant.index, self.embed)

    def _attempt(self, reading: Reading, question: Question, hidden: Sequence[str] = ()) -> Attempt:
        index = self.tenant.index
        language = self.language_of(reading.text)
        ranking = index.rank(question, language=language, audience=self.audience, day=self.day, hidden=hidden)
        ranking = preferred(ranking, index, self.contact)
        decision, probabilities = decide(ranking, index, self.tenant.calibration)
        return Attempt(reading, question, ranking, decision, probabilities)

    def _with_before(self, own: Attempt, question: Question, earlier: Sequence[Said]) -> Attempt:
        """The message together with what it goes on from, unless it is a whole question itself.

        Taken literally, a question with its topic finds the article that was answered before, of which it repeats
        every word. So the article is chosen that fits both the message alone and the message with its topic, and
        when that is another one, the former is left out. Who answered unseen is taken to have answered with what the
        topic finds.
        """
        note = Note(Kind.FOLLOW_UP, own.reading.text, question.folded)
        reading = Reading(question.folded, (*own.reading.notes, note), own.reading.sure)
        joined = replace(self._attempt(reading, question), reading=reading)
        if not joined.ranking.candidates or not own.ranking.candidates:
            return own
        known = next((article for said in reversed(earlier) if (article := self._article_of(said))), None)
        told = known or self.tenant.index.articles[joined.ranking.candidates[0].version].id
        chosen = self._fitting_both(own.ranking, joined.ranking, told)
        answers = own.decision.action is Action.ANSWER
        if answers and chosen == own.ranking.candidates[0].version:
            return own
        if self.tenant.index.articles[chosen].id != told:
            joined = replace(self._attempt(reading, question, hidden=[told]), reading=reading)
        return _weighed(own, joined)

    def _fitting_both(self, alone: Ranking, joined: Ranking, told: str) -> int:
        """The version whose scores with and without what was said before are best together."""
        scores = {candidate.version: candidate.score for candidate in alone.candidates}
        least = min(scores.values())
        articles = self.tenant.index.articles

        def together(version: int, score: float) -> float:
            already = TOLD_ALREADY if articles[version].id == told else 0.0
            return scores.get(version, least) + FROM_BEFORE * score - already

        near = joined.candidates[:COMPARED]
        return max(near, key=lambda candidate: together(candidate.version, candidate.score)).version

    def _article_of(self, said: Said) -> str | None:
        """The article that a bot or an agent answered with: as he says, or recognised by its text."""
        if said.author == "customer":
            return None
        return said.article or _answers_of(self.tenant.index).get(said.text.strip()[:RECOGNISED])

    def _title_of(self, said: Said) -> str | None:
        name = self._article_of(said)
        language = self.language_of("")
        found = [article for article in self.tenant.index.articles if article.id == name] if name else []
        return next((article.title for article in found if article.language == language), None) or (
            found[0].title if found else None
        )


def _weighed(own: Attempt, joined: Attempt) -> Attempt:
    """What a message finds alone, weighed with what it finds together with what was said before.

    An article that both find first needs only one of them to be sure, unless it is refused. One that only what was
    said before finds is no answer to "and the weather?", and is asked back beside what the message likely means alone.
    """
    alone, together = own.decision, joined.decision
    first, firsts = joined.ranking.candidates[0].version, [each.version for each in own.ranking.candidates[:CHOICES]]
    if alone.action is Action.ANSWER:
        return own if together.action is Action.ABSTAIN or first == firsts[0] else joined
    if alone.action is Action.CLARIFY:
        one_is_sure = together.probability < together.threshold <= alone.probability
        if first == firsts[0] and one_is_sure and not refuses(own.question.tokens):
            sure = replace(alone, action=Action.ANSWER, rule="probability>=threshold, and goes on from before")
            return replace(own, reading=joined.reading, decision=sure)
        if together.action is Action.ABSTAIN or first not in firsts:
            return _asked_back(own, joined) or joined
    elif first not in firsts and alone.answerable < STRANGE_TO_ALL and names_a_topic(own.question.folded):
        return own
    return joined


def _asked_back(own: Attempt, joined: Attempt) -> Attempt | None:
    """A choice between the first article with what was said before and those that the message finds alone.

    What both readings find comes first, or else the likelier one. None when alone it hardly means anything.
    """
    if joined.decision.action is not Action.ANSWER and own.decision.answerable < CLARIFY_FROM:
        return None
    together, found = joined.ranking.candidates[0], list(zip(own.ranking.candidates, own.probabilities, strict=True))
    likely = joined.probabilities[0]
    alone = [each for each in found if each[0].version != together.version]
    if likely >= found[0][1] or together.version in [candidate.version for candidate, _ in found[:CHOICES]]:
        base, (first, *others) = joined, [(together, likely), *alone]
    else:
        base, (first, *others) = own, [alone[0], (together, likely), *alone[1:]]
    choices = [first, *(each for each in others if each[1] >= LEAST_LIKELY)]
    if len(choices) < LEAST_CHOICES:
        return None
    rule = "goes on from before, and finds other articles alone"
    return Attempt(
        reading=joined.reading,
        question=base.question,
        ranking=replace(base.ranking, candidates=tuple(candidate for candidate, _ in choices)),
        decision=replace(base.decision, action=Action.CLARIFY, rule=rule),
        probabilities=[min(probability, first[1]) for _, probability in choices],
    )


def _answers(index: TenantIndex) -> Mapping[str, str]:
    """Every wording of every answer, by how it begins, with its article; one that several share tells nothing."""
    found: dict[str, str] = {}
    for article in index.published:
        for wording in _wordings(article):
            start = wording.strip()[:RECOGNISED]
            found[start] = article.id if found.get(start, article.id) == article.id else ""
    return {start: article for start, article in found.items() if start and article}


def _wordings(article: Article) -> Sequence[str]:
    return [article.answer, article.short, *(variant.text for variant in article.variants)]


_answers_of = PerIndex(_answers)
