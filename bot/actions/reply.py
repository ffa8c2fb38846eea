"""Says what was decided: answers, clarifying questions, small talk, the offer of a human, the handoff."""

from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker

from bot.actions.decide import Reason
from bot.actions.say import said, source, tell, tell_handoff
from bot.actions.texts import Message, Texts
from bot.channels.output import TurnOutput
from bot.knowledge import KnowledgeBase, KnowledgeUnavailable


class Replies:
    """The actions that need no form."""

    def __init__(self, *, texts: Texts, kb: KnowledgeBase) -> None:
        self._texts = texts
        self._kb = kb

    async def reply(self, output: TurnOutput, _tracker: DialogueStateTracker) -> list[Event]:
        """Answer, clarify, or say one of the bot's own sentences."""
        decision = output.decision
        if decision.say == "answer":
            events = [await self._answer(output)]
        elif decision.say == "article":
            events = [await self._article(output)]
        elif decision.say == "clarify":
            events = [self._clarify(output)]
        elif decision.say == "unhappy_waiting":
            events = [self._soothe(output), tell(self._texts, output, decision.say)]
        else:
            events = [tell(self._texts, output, decision.say)]
        if decision.say == "answer" and decision.offer_human:
            events.append(tell(self._texts, output, "complain_offer"))
        return [*events, *self._reminder(output)]

    def _reminder(self, output: TurnOutput) -> list[Event]:
        """Once in a conversation, after a greeting or an answer: whether the question of last time is solved."""
        understanding = output.situation.understanding
        found = understanding.reminder if understanding is not None else None
        if found is None or output.reminded or output.decision.say not in ("answer", "greet"):
            return []
        day = f"{found.asked_on:%Y-%m-%d}"
        name = "last_time_waiting" if output.turn.waiting else "last_time"
        message = self._texts.message(name, language=output.language, turn=output.number, title=found.title, day=day)
        return [said(message, reminder=found.article)]

    async def hand_off(self, output: TurnOutput, _tracker: DialogueStateTracker) -> list[Event]:
        """Say that a human takes over, after a soothing sentence for one who is upset."""
        decision = output.decision
        assert decision.reason is not None, "a handoff has a reason"
        soothing = [self._soothe(output)] if decision.reason is Reason.UNHAPPY else []
        return [
            *soothing,
            tell_handoff(self._texts, output, decision.say, reason=decision.reason, rule=decision.rule),
        ]

    async def _answer(self, output: TurnOutput) -> Event:
        hit = output.situation.known
        assert hit is not None, "an answer has a hit"
        turn = output.turn
        text = await self._kb.answer(hit, text=output.situation.text, tenant=turn.tenant, channel=turn.channel)
        return said(Message(text=text, kind="answer", sources=[source(hit)]))

    async def _article(self, output: TurnOutput) -> Event:
        wanted = output.decision.article
        assert wanted is not None, "an article was chosen"
        try:
            article = await self._kb.article(
                wanted, tenant=output.turn.tenant, language=output.language, channel=output.turn.channel
            )
        except KnowledgeUnavailable as error:
            return tell_handoff(
                self._texts, output, "knowledge_down", reason=Reason.BOT_FAILED, rule=str(error), article=wanted
            )
        if article is None:
            return tell(self._texts, output, "article_gone")
        found = {"article": article.article, "language": article.language, "title": article.title, "probability": 1.0}
        return said(Message(text=article.answer, kind="answer", sources=[found]))

    def _clarify(self, output: TurnOutput) -> Event:
        question = self._texts.message("clarify", language=output.language, turn=output.number)
        choices = [
            {"title": hit.title, "payload": f'/choose_article{{"article":"{hit.article}"}}'}
            for hit in output.decision.choices
        ]
        none = self._texts.button("none", language=output.language)
        sources = [source(hit) for hit in output.decision.choices]
        return said(Message(text=question.text, kind=question.kind, buttons=[*choices, none], sources=sources))

    def _soothe(self, output: TurnOutput) -> Event:
        concern = self._texts.concern(output.situation.text, language=output.language)
        return tell(self._texts, output, "soothe", concern=concern)
