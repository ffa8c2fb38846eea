"""What the gateway says about what waits: a place, a ticket, a promise that was missed. A part of `texts.TEXTS`."""

from __future__ import annotations

WORK_TEXTS: dict[str, dict[str, str]] = {
    "overflow_queue": {
        "zh": "抱歉让您久等了，已为您转到另一组同事，您已等待的时间会计入排队。",
        "en": "Sorry for the wait. I have passed you on to another team; the time you have waited counts there.",
    },
    "overflow_mailbox": {
        "zh": "抱歉，目前等待时间过长。您的问题已经登记，我们会在 {due} 前回复您，您无需继续等待。",
        "en": "Sorry, the wait is too long just now. Your request is on record and we will reply by {due}; "
        "you need not wait.",
    },
    "overflow_callback": {
        "zh": "抱歉，目前等待时间过长。请直接回复您的电话号码，我们会在 {due} 前给您回电。",
        "en": "Sorry, the wait is too long just now. Please send us your phone number; we will call you back by {due}.",
    },
    "queued_standing": {
        "zh": "正在为您转接人工客服{standing}。等待期间可以继续提问，不会影响您的排队位置。",
        "en": "I am connecting you with a colleague{standing}. You can go on asking while you wait; you keep your "
        "place.",
    },
    "long_wait_standing": {
        "zh": "抱歉让您久等了{standing}。如果不方便等待，回复“留言”即可，我们会尽快回复。",
        "en": "Sorry for the wait{standing}. If you would rather not wait, write “leave a message”.",
    },
    "standing": {"zh": "，您排在第 {place} 位", "en": ": you are number {place} in the queue"},
    "standing_wait": {
        "zh": "，您排在第 {place} 位，预计等待约 {minutes} 分钟",
        "en": ": you are number {place} in the queue, the wait is about {minutes} min",
    },
    "promise_missed": {
        "zh": "答应客户的答复时间已过，客户还没有得到答复。系统已向客户致歉，改为 {due} 前答复。请尽快处理：{names}。",
        "en": "The customer was promised an answer and has none. He was told that we are sorry and that he has it by "
        "{due}. Please look: {names}.",
    },
    "promise_reminder": {
        "zh": "【承诺提醒】您答应过客户：“{text}”，请在 {due} 前兑现。",
        "en": "A promise is due by {due}: “{text}”",
    },
    "promise_overdue": {
        "zh": "【承诺逾期】{due} 前应兑现的承诺还没有兑现，请尽快处理（{names}）：“{text}”",
        "en": "A promise was due by {due} and is not kept yet; please look, {names}: “{text}”",
    },
    "ticket_given": {
        "zh": "工单 {number}（{subject}）已分配给 {names}，请在 {due} 前处理。",
        "en": "Ticket {number} ({subject}) was given to {names}; it is due by {due}.",
    },
    "ticket_soon_due": {
        "zh": "【工单提醒】工单 {number}（{subject}）须在 {due} 前处理，时间已过四分之三：{names}。",
        "en": "Ticket {number} ({subject}) is due by {due}; three quarters of its time have passed: {names}.",
    },
    "ticket_overdue": {
        "zh": "【工单逾期】工单 {number}（{subject}）应在 {due} 前处理，现已逾期，请尽快处理：{names}。",
        "en": "Ticket {number} ({subject}) was due by {due} and is overdue. Please look: {names}.",
    },
    "ticket_waits_for_you": {
        "zh": "关于工单 {number}，我们还在等您的回复。直接在这里回复即可，我们会继续处理。",
        "en": "About {number}: we still wait for your answer. Just write here and we go on with it.",
    },
    "ticket_waited_in_vain": {
        "zh": "关于工单 {number}，我们一直没有收到您的回复，先按已解决处理。如果还需要帮助，直接在这里告诉我们。",
        "en": "About {number}: we have not heard from you and take it as solved. If you still need help, just write "
        "to us here.",
    },
    "ticket_waits_unanswered": {
        "zh": "工单 {number}（{subject}）等待客户已久，但投诉尚未正式答复或补偿方案待审批，未自动结案，"
        "请处理：{names}。",
        "en": "Ticket {number} ({subject}) has waited long for its customer, but the complaint has no answer yet or a "
        "remedy waits for approval, so it was not resolved by itself. Please look: {names}.",
    },
}
