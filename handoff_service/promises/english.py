"""The words of promises in English."""

from __future__ import annotations

import re

_ROLE = (
    r"(?:agent|specialist|colleague|team|manager|supervisor|engineer|technician|advisor|someone|somebody|courier|"
    r"driver|"
    r"department|finance|warehouse|representative|expert|staff|desk|office|insurer|bank|hotel|they|he|she|who|"
    r"carrier|"
    r"support|boss|director|it|nobody else)s?"
)
_WILL = r"(?:['’]ll| will| shall|(?:['’]m| am|['’]re| are|['’]s| is) going to)"
_MEAN_TO = r"(?:['’]m| am|['’]re| are)? (?:aim|aiming|plan|planning|intend) to"
_NOT_A_DEED = (
    r"(?! ?(?:not\b|never\b|need\b|have to\b|only\b|be able\b|be required\b|be needed\b|be asked\b|"
    r"ask (?:you )?for\b|"
    r"(?:now |just )?(?:connect|transfer|put|hand|pass) you\b|join\b|take over\b|be (?:right )?with you\b|find\b|"
    r"see that\b|"
    r"be travelling\b|miss\b|understand\b|assume\b|admit\b|be (?:honest|frank)\b))"
)
_DONE = (
    r"(?:repaired|fixed|delivered|shipped|sent|refunded|credited|processed|resolved|sorted|settled|replaced|"
    r"completed|"
    r"ready|done|answered|paid|collected|picked up|dispatched|returned|reimbursed|booked|corrected|back|with you|"
    r"on (?:its|their) way|finished|waived|in your)"
)
_TIME = (
    r"(?:\b(?:within|by|before|in|on|until|no later than|at)\b(?! (?:the|your|our) (?:door|address|phone|"
    r"end of the page))|"
    r"\btoday\b|\btonight\b|\btomorrow\b|\bshortly\b|\bsoon\b|\bnext\b|\bthis (?:week|morning|afternoon|evening)\b)"
)
_DOING = (
    r"(?:send|ship|pull|look|check|arrang|rais|escalat|fil|submit|open|request|forward|pass|chas|refund|replac|issu|"
    r"process|order|book|sort|deal|work|ask|call|ring|writ|email|get|put|credit|transferr)\w*ing"
)
ASKED = re.compile(
    r"\?\s*$|^\W*(?:would|could|can|did|do|does|is|are|was|were|shall|should|when|what|how|which|why|who)\b"
    r"(?! (?:i|we) (?:get|have)\b)[^.]*\?",
    re.IGNORECASE,
)
CONDITION = re.compile(
    r"\bif\b|\bunless\b|\bin case\b|\bshould (?:it|you|they|this|that)\b|\bprovided\b|\bas long as\b|"
    r"^\W*(?:please |kindly )(?:send|give|tell|provide|enter|share|upload|describe)\b",
    re.IGNORECASE,
)
PROMISED = re.compile(
    rf"\b(?:I|we)(?:{_WILL}|{_MEAN_TO}){_NOT_A_DEED} ?\w+|\b{_ROLE}(?: \w+){{0,4}}{_WILL}{_NOT_A_DEED} ?\w+|"
    rf"\band will{_NOT_A_DEED} \w+|"
    rf"\byou{_WILL} (?:hear\b|have (?:an?|the|your|our|my|it)\b|(?:receive|get) (?:an?|the|your|it|our|"
    rf"my)\b(?! code)|"
    r"see (?:it|the (?:money|refund|credit|amount))\b|be (?:notified|contacted|called|refunded|credited|e-?mailed|"
    r"paid))|"
    rf"(?:['’]ll| will)(?: \w+)? (?:be|have been|go out|arrive|reach you|come|"
    rf"follow)\b(?: \w+){{0,3}}? ?{_DONE}.*{_TIME}|"
    rf"\b(?:will|should) (?:arrive|be (?:with you|in your|there|{_DONE})|reach (?:you|your)|land in)\b.*{_TIME}|"
    r"\blet me (?:check|ask|see|look|find|have|confirm|speak|talk|get|go|call|try)\b|\bgive me (?:a|an|one|two|"
    r"\d+|\w+) "
    r"(?:moment|minute|second|hour|day)s?\b|\bbear with me\b|\bleave (?:it|this|that) (?:with|to) (?:me|us)\b|"
    r"\bcount on (?:me|us)\b|\b(?:have|you['’]ve) (?:my|our) word\b|\b(?:I['’]m|we['’]re|I am|we are) on it\b|"
    r"\b(?:I|we) (?:hereby )?(?:promise|guarantee|commit|undertake|pledge)\b|\bI['’]ll see to it\b|"
    rf"\b(?:I['’]m|I am|we['’]re|we are)(?: now| just| already)? {_DOING}\b|"
    r"\bexpect (?:an?|the|your|our)\b.*\b(?:from (?:us|me)|within|by|in)\b|\bgoes? out\b.*\b(?:today|tonight|"
    r"tomorrow|now)\b|"
    r"\bback (?:with you )?in (?:a|an|one|two|five|ten|\d+)\b|"
    # by itself
    rf"\b(?:refund|money|parcel|package|replacement|credit|voucher|card|invoice|label)s? (?:arrives?|comes?|goes out|"
    rf"reaches you|is (?:sent|shipped|refunded|paid))\b.*{_TIME}|"
    # under way with others
    r"\b(?:I|we)(?:['’]ve| have)(?: just| now| already)? (?:(?:forwarded|escalated|passed|referred|flagged|handed|"
    r"reported)\b"
    r"(?! you\b).{0,60}\b(?:to|with) (?!you\b|your\b)|(?:submitted|filed|raised|requested|logged) (?:an?|the|your) "
    r"(?:\w+ ){0,3}(?:request|claim|refund|return|replacement|complaint|investigation|ticket)\b)",
    re.IGNORECASE,
)
NOT_PROMISED = re.compile(
    # his to do
    r"^\W*(?:and |so |then )?(?:please|kindly|you (?:can|may|could|should|must|need|have|will need|['’]ll need)\b)|"
    r"\byou (?:will|['’]ll)(?: \w+)? (?:need|have) to\b|"
    # not to be had
    r"\b(?:can(?:['’]t|not| not)|couldn['’]t|won['’]t|wouldn['’]t|will not be|not able|unable|don['’]t (?:think|"
    r"know|expect)|"
    r"unfortunately|nobody here|no one)\b|"
    # known from before
    r"^(?:(?!\b(?:I|we)(?:['’]ll| will)\b|\blet me\b).)*\b(?:said|told|promised|was|were)\b(?! that you)|"
    r"\b(?:yesterday|last (?:week|month|night|time)|tried to)\b(?! that you)|"
    r"\bI see that\b|"
    # said of everybody
    r"\b(?:usually|normally|generally|typically|as a rule|most (?:customers|people)|always|may|might|could|"
    r"hopefully|hope|"
    r"up to|office hours|opening hours)\b",
    re.IGNORECASE,
)

# What a bot says of how things go, and what an agent answers for.
EXPECTED = re.compile(r"\bshould (?:arrive|be|reach|land)\b", re.IGNORECASE)
ADDRESSED = re.compile(r"")
