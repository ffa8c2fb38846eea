"""What was said in one phase of a conversation is not said again in the next, nor after a restart of the bot."""

from bot.actions.texts import Texts
from tests.bot.far_side import ANGRY
from tests.bot.gateway import Bot, Chat

UPSET = next(iter(ANGRY))


def soothed(chat: Chat, text: str) -> list[str]:
    """The soothing sentences of the answer; the gateway sends all that was said with the next turn."""
    messages = chat.say(text)["messages"]
    own = [one["text"] for one in messages if one["kind"] != "answer"]
    chat.metadata["said"] = [*chat.metadata.get("said", ()), *own]
    return [one["text"] for one in messages if one["kind"] == "soothe"]


def test_no_soothing_sentence_comes_twice_in_a_conversation(bot: Bot) -> None:
    """A give-back, a reopening: a new phase, of which the bot's own memory is empty."""
    chat, heard = Chat(bot), []
    for phase in (1, 2, 3, 4):
        chat.phase = phase
        heard += soothed(chat, UPSET)
    assert len(heard) >= 2
    assert len(set(heard)) == len(heard)


def test_without_what_was_said_before_it_would_come_twice(bot: Bot) -> None:
    """What the test above stands against: the sentence follows from the words, as long as nobody remembers."""
    chat, heard = Chat(bot), []
    for phase in (1, 2):
        chat.phase = phase
        heard += soothed(chat, UPSET)
        chat.metadata["said"] = []
    assert heard[0] == heard[1]


def test_the_question_of_last_time_is_asked_once_in_a_conversation(bot: Bot) -> None:
    contact = {
        "products": [],
        "asked": [{"article": "return-policy", "at": "2026-11-01T09:00:00+08:00", "solved": None}],
    }
    chat = Chat(bot, contact=contact)
    first = chat.say("你好")["messages"]
    assert "现在解决了吗" in first[-1]["text"]
    chat.metadata["said"] = [one["text"] for one in first]
    chat.phase = 2
    assert "现在解决了吗" not in "".join(one["text"] for one in chat.say("你好")["messages"])


def test_sentences_are_known_again_whatever_stood_in_their_gaps() -> None:
    texts = Texts.load()
    for language in ("zh", "en"):
        for name, values in (
            ("last_time", {"title": "退款 (1)", "day": "2026-11-01"}),
            ("agreed", {"agent": "Lin", "promise": "a refund\nby Friday"}),
            ("unhappy", {}),
        ):
            message = texts.message(name, language=language, turn=0, **values)
            assert message.said in texts.said_in([message.text])
            assert message.said in texts.said_in([f"Lo siento.\n{message.text}"])
    assert texts.said_in(["仓库验收后 1–2 个工作日退款。", "", "x"]) == frozenset()
