"""Telephone calls by Twilio (twilio.com/docs/voice): what is said becomes text, answers are read out.

A call is led by turns: Twilio gathers what the caller says and posts it; the call then waits, and what is to be said
next is put into it by the REST API ("modify a call in progress"). Each answer replaces what the call does at that
moment, so one that comes while another is read out waits for its end; the database knows until when that is, because
every request of a call may reach another gateway. A call that ends while its caller waits for a person becomes a
callback.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit
from xml.sax.saxutils import escape, quoteattr

import regex

from handoff_service.channels.caller import REFUSALS, Caller, undelivered
from handoff_service.channels.model import (
    OCCUPIED,
    Abilities,
    Account,
    Checked,
    Field,
    Inbound,
    Notice,
    Outbound,
    Parsed,
    Reply,
    WebhookRequest,
)
from handoff_service.channels.twilio_sms import API, SHARED, check_signature, form_of, key_of
from handoff_service.channels.wording import Form, Markup
from handoff_service.errors import Invalid

NUMBER = regex.compile(r"\+\d{5,15}")
TURN = regex.compile(r"[a-z]?\d{1,9}")
ENDED = frozenset(("completed", "busy", "failed", "no-answer", "canceled"))
CALL_IS_OVER = 21220
HOLD_S = 12  # of silence before the caller hears that we are still there
MOST_HOLDS = 5
MOST_SILENCES = 3
ADDRESS = regex.compile(r"https?://[!-~]*[0-9A-Za-z/]")  # which nobody can take down by ear
OF_A_FILE = "/v1/shared/"
# How fast a voice reads: a little slower than it does, so that nothing is cut off.
HAN = regex.compile(r"\p{Han}")
HAN_S, OTHER_S, BREATH_S = 0.26, 0.075, 1.5
WORDS = {
    "zh": {
        "hello": "您好，这里是智能客服，请讲。",
        "again": "不好意思，没有听清，请再说一遍。",
        "hold": "正在为您处理，请稍等。",
        "bye": "我们会尽快给您回复。感谢来电，再见。",
    },
    "en": {
        "hello": "Hello, you are speaking with our assistant. How can we help?",
        "again": "Sorry, I did not catch that. Please say it again.",
        "hold": "One moment, please.",
        "bye": "We will get back to you soon. Thank you for calling, goodbye.",
    },
}


class TwilioVoice:
    abilities = Abilities(
        title="Telephone (Twilio)",
        form=Form(Markup.PLAIN, 1500),
        calls_back=True,
        occupies_s=lambda account, text: spoken_s(heard_of(text)) * 100 / int(account.options.get("pace", "100")),
        checked="official vectors of the signature; twilio; documented TwiML and call states",
    )
    fields = (
        Field("account_sid", "Account SID", pattern=r"AC[0-9a-fA-F]{32}"),
        Field("auth_token", "Auth Token", secret=True, pattern=r"[0-9a-zA-Z]{5,64}"),
        SHARED,
        Field("language", "spoken language, as zh-CN or en-US", optional=True, pattern=r"[a-z]{2}-[A-Z]{2}"),
        Field("voice", "Twilio's name of the voice, as Polly.Zhiyu", optional=True, pattern=r"[A-Za-z0-9.-]{2,60}"),
        Field("greeting", "what callers hear first", optional=True),
        Field("pace", "how fast the voice reads, in percent of a usual one", optional=True, pattern=r"[1-9]\d{1,6}"),
        Field("api", "another API server", optional=True),
    )

    def check(self, account: Account, request: WebhookRequest) -> Checked:
        return check_signature(account, request)

    def parse(self, account: Account, checked: Checked) -> Parsed:
        fields, query = dict(form_of(checked.body)), checked.request.query
        sid, given = fields.get("CallSid", ""), fields.get("From", "")
        if not sid:
            raise Invalid("A call has a CallSid.")
        # Numbers that are withheld must not make one customer of all who withhold theirs.
        contact = given if NUMBER.fullmatch(given) else f"call:{sid}"
        place = urlunsplit(urlsplit(checked.request.url)._replace(query="", fragment=""))
        hint = {"call": sid, "url": place, OCCUPIED: ""}  # who speaks or rings is read nothing at this moment
        if fields.get("CallStatus") in ENDED:
            gone = Notice(event_id=f"{sid}.ended", contact=contact, what=Notice.What.LEFT)
            return Parsed([gone], _twiml("<Hangup/>"))
        turn = query.get("turn", "")
        if not TURN.fullmatch(turn):
            came = Notice(event_id=f"{sid}.rings", contact=contact, what=Notice.What.OPENED, hint=hint)
            greeting = account.options.get("greeting") or _words(account)["hello"]
            return Parsed([came], _twiml(_gather(account, place, greeting, "0")))
        if query.get("hold", "").isdecimal():
            return Parsed(reply=_held(account, place, turn, int(query["hold"])))
        said = fields.get("SpeechResult", "").strip() or fields.get("Digits", "").strip()
        if fields.get("RecordingUrl") and not said:
            voicemail = Inbound(event_id=f"{sid}.{turn}", contact=contact, unsupported="recording", hint=hint)
            return Parsed([voicemail], _held(account, place, turn, 0))
        if not said:
            return Parsed(reply=_silent(account, place, turn, query.get("silent", "0")))
        language = account.options.get("language", "zh-CN").partition("-")[0]
        heard = Inbound(
            event_id=f"{sid}.{turn}",
            contact=contact,
            language=language if language in WORDS else None,
            body={"text": said},
            hint=hint,
        )
        return Parsed([heard], _held(account, place, turn, 0))

    async def send(self, caller: Caller, account: Account, message: Outbound, now: datetime) -> str | None:  # noqa: ARG002
        call, place = message.hint.get("call", ""), message.hint.get("url", "")
        if not call:
            raise undelivered("Twilio: this customer is not on the telephone")
        words = heard_of(message.text)
        if OF_A_FILE in message.text or not words:
            raise undelivered("a call can show neither files nor addresses")
        server, sid = account.options.get("api") or API, account.options["account_sid"]
        twiml = _twiml(_gather(account, place, words, f"s{message.seq}{message.part}")).body
        answer = await caller.post(
            f"{server}/Accounts/{sid}/Calls/{call}.json",
            form={"Twiml": str(twiml)},
            headers=key_of(account),
            judges=REFUSALS,
        )
        if 200 <= answer.status < 300:
            return f"{call}.{message.key}"
        code = answer.json.get("code")
        if code == CALL_IS_OVER or answer.status == 404:
            raise undelivered("Twilio: the call is over")
        reason = f"Twilio {code or answer.status}: {str(answer.json.get('message', ''))[:150]}"
        raise undelivered(reason, again=answer.status in (401, 429), after_s=60.0 if answer.status == 401 else 0.0)

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        server = account.options.get("api") or API
        url = f"{server}/Accounts/{account.options['account_sid']}.json"
        answer = await caller.get(url, headers=key_of(account), judges=REFUSALS)
        if answer.status != 200:
            raise undelivered(
                f"Twilio {answer.json.get('code', answer.status)}: {answer.json.get('message', '')}"[:200]
            )
        return []


def heard_of(text: str) -> str:
    """The text as it is read out: without addresses."""
    return regex.sub(r"[(（]\s*[)）]|[ \t]+(?=[\s.,;:!?])", "", ADDRESS.sub("", text)).strip()


def spoken_s(text: str) -> float:
    """About how long it takes to read a text out."""
    han = len(HAN.findall(text))
    return BREATH_S + HAN_S * han + OTHER_S * (len(text) - han)


def _words(account: Account) -> Mapping[str, str]:
    return WORDS.get(account.options.get("language", "zh-CN").partition("-")[0], WORDS["en"])


def _twiml(content: str) -> Reply:
    return Reply(f'<?xml version="1.0" encoding="UTF-8"?><Response>{content}</Response>', "text/xml")


def _say(account: Account, text: str) -> str:
    voice = f" voice={quoteattr(account.options['voice'])}" if account.options.get("voice") else ""
    readable = "".join(" " if unicodedata.category(one) in ("Cc", "Cs") else one for one in text)
    return f"<Say language={quoteattr(account.options.get('language', 'zh-CN'))}{voice}>{escape(readable)}</Say>"


def _gather(account: Account, place: str, text: str, turn: str, silent: int = 0) -> str:
    """Says something and listens; who speaks meanwhile is heard at once."""
    action = quoteattr(f"{place}?turn={turn}&silent={silent}")
    language = quoteattr(account.options.get("language", "zh-CN"))
    listen = f'<Gather input="speech dtmf" language={language} speechTimeout="auto" timeout="8" action={action}'
    return f'{listen} method="POST" actionOnEmptyResult="true">{_say(account, text)}</Gather>'


def _held(account: Account, place: str, turn: str, times: int) -> Reply:
    """The call waits for its answer, which will break in; now and then the caller hears that he is not forgotten."""
    words = _words(account)
    if times >= MOST_HOLDS:
        return _twiml(f"{_say(account, words['bye'])}<Hangup/>")
    spoken = _say(account, words["hold"]) if times else ""
    again = escape(f"{place}?turn={turn}&hold={times + 1}")
    return _twiml(f'{spoken}<Pause length="{HOLD_S}"/><Redirect method="POST">{again}</Redirect>')


def _silent(account: Account, place: str, turn: str, silent: str) -> Reply:
    """Nobody said anything: asks again, and ends the call after some times."""
    times = int(silent) + 1 if silent.isdecimal() and len(silent) < 3 else MOST_SILENCES
    if times >= MOST_SILENCES:
        return _twiml(f"{_say(account, _words(account)['bye'])}<Hangup/>")
    return _twiml(_gather(account, place, _words(account)["again"], turn, times))
