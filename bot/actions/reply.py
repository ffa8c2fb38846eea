"""Says what was decided: answers, clarifying questions, small talk, the offer of a human, the handoff."""

from dataclasses import replace

from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker

from bot.actions.say import in_own_language, said, source, tell, tell_handoff, word
from bot.actions.shorten import cut
from bot.actions.situation import Reason
from bot.actions.texts import Message, Texts
from bot.channels.output import TurnOutput
from bot.knowledge import KnowledgeBase, KnowledgeUnavailable
from bot.signals import Name, deciding

QUOTED_CHARS = 6000
"""Of one message of a quote: the gateway takes 8,000, and sends them in as many parts as the platform needs."""


class Replies:
    """The actions that need no form."""

    def __init__(self, *, texts: Texts, kb: KnowledgeBase) -> None:
        self._texts = texts
        self._kb = kb

    async def reply(self, output: TurnOutput, _tracker: DialogueStateTracker) -> list[Event]:
        """Answer, clarify, or say one of the bot's own sentences; or, where enough was said, nothing."""
        say = output.decision.say
        if say == "quiet":
            return []
        if say == "answer":
            events = await self._answer(output)
        elif say == "article":
            events = await self._article(output)
        elif say == "read_on":
            events = [self._piece(output, Message(text=output.rest or "", kind="answer"))]
        elif say == "clarify":
            events = [self._clarify(output)]
        elif say.startswith(("unhappy", "threat")):
            events = [*self._soothe(output), tell(self._texts, output, say)]
        else:
            events = [self._sentence(output, say)]
        return [*events, *(tell(self._texts, output, name) for name in output.decision.after), *self._reminder(output)]

    def _reminder(self, output: TurnOutput) -> list[Event]:
        """Once in a conversation, after a greeting or an answer: whether the question of last time is solved."""
        understanding = output.situation.understanding
        found = understanding.reminder if understanding is not None else None
        asks_already = bool(output.decision.after)
        if found is None or asks_already or output.reminded or output.decision.say not in ("answer", "greet"):
            return []
        day = f"{found.asked_on:%Y-%m-%d}"
        name = "last_time_waiting" if output.turn.waiting else "last_time"
        return [said(word(self._texts, output, name, title=found.title, day=day), reminder=found.article)]

    async def hand_off(self, output: TurnOutput, _tracker: DialogueStateTracker) -> list[Event]:
        """Say that a human takes over, after a soothing sentence for one who is upset."""
        decision = output.decision
        assert decision.reason is not None, "a handoff has a reason"
        angry = decision.reason is Reason.ASKED and deciding(output.signals, Name.UNHAPPY) is not None
        soothing = self._soothe(output) if decision.reason is Reason.UNHAPPY or angry else []
        return [
            *soothing,
            tell_handoff(self._texts, output, decision.say, reason=decision.reason, rule=decision.rule),
        ]

    async def _answer(self, output: TurnOutput) -> list[Event]:
        hit = output.situation.known
        assert hit is not None, "an answer has a hit"
        turn = output.turn
        text = await self._kb.answer(hit, text=output.situation.text, tenant=turn.tenant, channel=turn.channel)
        return self._shown(output, Message(text=text, kind="answer", sources=[source(hit)]), quote=hit.quote)

    async def _article(self, output: TurnOutput) -> list[Event]:
        wanted = output.decision.article
        assert wanted is not None, "an article was chosen"
        try:
            article = await self._kb.article(
                wanted, tenant=output.turn.tenant, language=output.language, channel=output.turn.channel
            )
        except KnowledgeUnavailable as error:
            rule = str(error)
            return [
                tell_handoff(self._texts, output, "knowledge_down", reason=Reason.BOT_FAILED, rule=rule, article=wanted)
            ]
        if article is None:
            return [tell(self._texts, output, "article_gone")]
        found = {"article": article.article, "language": article.language, "title": article.title, "probability": 1.0}
        return self._shown(output, Message(text=article.answer, kind="answer", sources=[found]), quote=article.quote)

    def _shown(self, output: TurnOutput, message: Message, *, quote: bool) -> list[Event]:
        """An answer as far as the channel shows it well; a quote to its last word, in several messages if need be."""
        if not quote:
            return [self._piece(output, message)]
        parts = []
        rest: str | None = message.text
        while rest is not None:
            text, rest = cut(rest, room=QUOTED_CHARS)
            parts.append(said(replace(message, text=text)))
        return parts

    def _piece(self, output: TurnOutput, message: Message) -> Event:
        """As much of an answer as the channel shows well, with a button for the rest."""
        text, rest = cut(message.text, room=output.turn.policy.channel_chars)
        if rest is None:
            return said(message)
        more = self._texts.button("read_on", language=output.language)
        return said(replace(message, text=text, rest=rest, buttons=[*message.buttons, more]))

    def _sentence(self, output: TurnOutput, name: str) -> Event:
        """One of the bot's own sentences; a greeting knows who comes again, a miss shows what comes near."""
        if name == "greet" and output.turn.returning is not None and output.number == 0:
            name = "greet_back"
        if name in ("greet", "greet_back") and not output.turn.orders:
            name = "greet_plain"
        choices = [*self._titles(output), *self._tasks(output)]
        if name in ("other_script", "unsure_waiting"):
            message = word(self._texts, output, name)
            return said(in_own_language(output, message, handing=output.turn.waiting))
        if not choices:
            return tell(self._texts, output, name)
        message = word(self._texts, output, name)
        return said(replace(message, buttons=[*choices, *message.buttons]))

    def _clarify(self, output: TurnOutput) -> Event:
        question = word(self._texts, output, "clarify")
        none = self._texts.button("none", language=output.language)
        sources = [source(hit) for hit in output.decision.choices]
        return said(replace(question, buttons=[*self._titles(output), none], sources=sources))

    def _titles(self, output: TurnOutput) -> list[dict[str, str]]:
        return [
            {"title": hit.title, "payload": f'/choose_article{{"article":"{hit.article}"}}'}
            for hit in output.decision.choices
        ]

    def _tasks(self, output: TurnOutput) -> list[dict[str, str]]:
        return [self._texts.button(name, language=output.language) for name in output.decision.tasks]

    def _soothe(self, output: TurnOutput) -> list[Event]:
        """A sentence about what went wrong; none when all that fit were said."""
        message = self._texts.soothing(
            output.situation.text, language=output.language, turn=output.number, used=output.used
        )
        if message is None:
            return []
        output.used.add(message.said)
        return [said(message)]
