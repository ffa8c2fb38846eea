"""Every sentence that the gateway itself says to customers, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from handoff_service.work_texts import WORK_TEXTS

TEXTS: dict[str, dict[str, str]] = {
    "queued": {
        "zh": "正在为您转接人工客服，您已进入排队。等待期间可以继续提问，不会影响您的排队位置。",
        "en": "I am connecting you with a colleague. You can go on asking while you wait; you keep your place.",
    },
    "queued_peak_message": {
        "zh": "现在咨询的人较多{wait}。不想等的话，回复“留言”写下您的问题，我们会尽快回复；"
        "如果愿意等待，您的排队位置已保留。",
        "en": "It is busy just now{wait}. Write “leave a message” and we reply as soon as we can; or wait, you have "
        "your place.",
    },
    "queued_peak_callback": {
        "zh": "现在咨询的人较多{wait}。不想等的话，直接回复您的电话号码，我们给您回电；"
        "如果愿意等待，您的排队位置已保留。",
        "en": "It is busy just now{wait}. Send us your phone number and we call you back; or wait, you have your "
        "place.",
    },
    "peak_wait": {"zh": "，预计等待约 {minutes} 分钟", "en": ": the wait is about {minutes} minutes"},
    "mailbox": {
        "zh": "现在没有人工客服在线。您的问题已经登记，我们会在 {due} 前回复您，您也可以继续在这里留言。",
        "en": "No colleague is on duty right now. Your request is on record and we will reply by {due}. "
        "You can add more details here.",
    },
    "mailbox_hours": {
        "zh": "人工客服已下班，{back} 恢复服务。您的问题已经登记，我们会在 {due} 前回复您，您也可以继续在这里留言。",
        "en": "Our colleagues are not on duty at this hour; they are back on {back}. Your request is on record and we "
        "will reply by {due}. You can add more details here.",
    },
    "message_left": {
        "zh": "已收到您的留言，我们会在 {due} 前回复您。",
        "en": "We have your message and will reply by {due}.",
    },
    "message_wanted": {
        "zh": "好的，请直接在这里写下您的问题，最好附上订单号，我们会在 {due} 前回复您。",
        "en": "All right: write down here what it is about, best with your order number, and we will reply by {due}.",
    },
    "closing_time": {
        "zh": "很抱歉，人工客服已经下线。您的问题已经登记，我们会在 {due} 前回复您。",
        "en": "Sorry, our colleagues have gone off duty. Your request is on record and we will reply by {due}.",
    },
    "closing_time_hours": {
        "zh": "很抱歉，人工客服已经下班，{back} 恢复服务。您的问题已经登记，我们会在 {due} 前回复您。",
        "en": "Sorry, our colleagues have finished for now; they are back on {back}. Your request is on record and we "
        "will reply by {due}.",
    },
    "promise_renewed": {
        "zh": "抱歉，我们没能按时回复您。您的请求已提高优先级，最迟 {due} 前回复您。",
        "en": "Sorry, we did not reply in time. Your request now has a higher priority: by {due} at the latest.",
    },
    "long_wait": {
        "zh": "抱歉让您久等了，您仍在队列中。如果不方便等待，回复“留言”即可，我们会尽快回复。",
        "en": "Sorry for the wait; you still have your place. If you would rather not wait, write “leave a message”.",
    },
    "nobody_took_it": {
        "zh": "抱歉，暂时还没有同事接待您。您的问题已登记，最迟 {due} 前回复您；您仍在队列中，有同事空出来就接待您。",
        "en": "Sorry, nobody has been free for you yet. Your request is on record and we will reply by {due} at the "
        "latest; you also keep your place.",
    },
    "joined": {"zh": "{agent} 已接入，正在为您服务。", "en": "{agent} has joined and is here to help."},
    "transferred": {"zh": "正在为您转接给 {agent}。", "en": "You are being transferred to {agent}."},
    "requeued": {
        "zh": "正在为您转接其他客服同事，请稍候。",
        "en": "We are passing you to another colleague; please stay with us.",
    },
    "escalated": {
        "zh": "已为您升级到高级客服，最迟 {due} 前给您答复。您可以在这里等待，也可以先离开。",
        "en": "This is with our senior team now; you will have an answer by {due} at the latest. You may wait here or "
        "come back later.",
    },
    "escalated_stays": {
        "zh": "已登记给高级客服，最迟 {due} 前给您答复。现在由 {agent} 继续为您服务。",
        "en": "Our senior team has your request and will answer by {due} at the latest. {agent} stays with you "
        "meanwhile.",
    },
    "escalated_lead": {
        "zh": "已请主管关注您的请求，最迟 {due} 前给您答复。您可以在这里等待，也可以先离开。",
        "en": "A supervisor has been asked to look at this; you will have an answer by {due} at the latest. You may "
        "wait here or come back later.",
    },
    "escalated_lead_stays": {
        "zh": "已请主管关注您的请求，最迟 {due} 前给您答复。现在由 {agent} 继续为您服务。",
        "en": "A supervisor has been asked to look at this and you will have an answer by {due} at the latest. {agent} "
        "stays with you meanwhile.",
    },
    "senior_missing": {
        "zh": "客户要求高级客服处理，目前没有高级客服在岗，已请主管关注：{names}。",
        "en": "The customer asks for a senior colleague and none is on duty; asked to look: {names}.",
    },
    "wants_senior": {
        "zh": "客户要求高级客服处理：{reason}",
        "en": "The customer asks for a senior colleague: {reason}",
    },
    "agent_back": {
        "zh": "{agent} 暂时离开，{back} 回来后继续为您服务。如果着急，请告诉我们“转人工”。",
        "en": "{agent} had to leave and will go on with you on {back}. If it is urgent, just write “agent”.",
    },
    "went_on_with_bot": {
        "zh": "好的，已取消排队，由智能助手继续为您服务。需要时可随时再转人工，10 分钟内为您保留原来的位置。",
        "en": "All right, you have left the queue and the assistant goes on with you. You can ask for a person at any "
        "time; for ten minutes your place is kept.",
    },
    "callback_wish": {
        "zh": "请给我回电：{number}，时间：{due}",
        "en": "Please call me on {number}, {due}.",
    },
    "callback_booked": {
        "zh": "好的，我们会在 {due} 前后致电 {number}。",
        "en": "All right, we will call {number} around {due}.",
    },
    "next_bot": {
        "zh": "智能助手正在为您服务，您可以随时转人工。",
        "en": "The assistant is with you; you can ask for a person at any time.",
    },
    "next_queue": {
        "zh": "您正在排队，有同事空出来就会接待您；如果一直没有人接待，系统会自动上报，并告诉您最迟的答复时间。",
        "en": "You are in the queue and the next free colleague takes you. If nobody does, your request is passed on "
        "by itself and you are told by when you have an answer.",
    },
    "next_agent": {
        "zh": "{agent} 正在为您服务；万一连接中断，您会排到队列最前面。",
        "en": "{agent} is with you. Should the connection break, you go to the front of the queue.",
    },
    "next_agent_silent": {
        "zh": "{agent} 已接入；如果 {due} 前没有回复您，会由其他同事接着为您服务。",
        "en": "{agent} has your request. Should there be no answer by {due}, another colleague takes over.",
    },
    "next_mailbox": {
        "zh": "您的请求已登记，{due} 前回复您；如果超时，会自动提高优先级并告诉您新的时间。",
        "en": "Your request is on record and you have a reply by {due}. Should we miss that, it becomes more urgent "
        "and you are told the new time.",
    },
    "next_closed": {
        "zh": "本次会话已结束，直接发消息即可继续。",
        "en": "This conversation is closed; just write again to continue it.",
    },
    "agent_lost": {
        "zh": "刚才的客服连接中断了，已将您排到队列最前面，由其他同事继续为您服务。",
        "en": "Your agent lost the connection. You are at the front of the queue for the next colleague.",
    },
    "back_from_aside": {
        "zh": "到了您设定的时间，这条会话回到了您的列表。",
        "en": "The time you set has come; this conversation is back in your list.",
    },
    "voice_call": {"zh": "语音", "en": "voice"},
    "video_call": {"zh": "视频", "en": "video"},
    "call_ringing": {"zh": "客服邀请您进行{media}通话。", "en": "Your agent invites you to a {media} call."},
    "call_accepted": {"zh": "{media}通话已接通。", "en": "The {media} call has begun."},
    "call_declined": {"zh": "{media}通话未接受。", "en": "The {media} call was declined."},
    "call_ended": {"zh": "{media}通话结束，时长 {time}。", "en": "The {media} call has ended after {time}."},
    "call_missed": {"zh": "{media}通话未接通。", "en": "The {media} call was not answered."},
    "given_back": {
        "zh": "人工服务已结束，接下来由智能助手继续为您服务。需要时可随时转人工。",
        "en": "The assistant is with you again. You can ask for a person at any time.",
    },
    "solved": {
        "zh": "好的，已取消排队。还有问题可以直接问我。",
        "en": "Good to hear. You have left the queue; just ask if anything else comes up.",
    },
    "closed": {
        "zh": "本次会话已结束。之后直接发消息即可继续。",
        "en": "This conversation is closed. Just write again to continue it.",
    },
    "one_moment": {"zh": "请稍等，我正在查询。", "en": "One moment please, I am looking into it."},
    "kept": {
        "zh": "抱歉，智能助手暂时没有响应。您的问题已经收到，稍后会为您解答；如需人工客服，请回复“转人工”。",
        "en": "Sorry, the assistant is not responding at the moment. Your question is not lost and will be answered. "
        "If you would like a person, just write “agent”.",
    },
    "leave_message": {"zh": "留言", "en": "Leave a message"},
    "leave_message_form": {
        "zh": "请把您的问题写下来，最好附上订单号和联系方式，写完直接发送即可，人工同事会回复您。",
        "en": "Please write down what it is about, best with your order number and how to reach you, and just send it. "
        "A colleague will reply.",
    },
    "message_noted": {
        "zh": "好的，已经记下，人工同事会看到您写的内容。",
        "en": "Thank you, it is noted; a colleague will read what you wrote.",
    },
    "asked": {"zh": "好的，这就为您联系人工客服。", "en": "Of course, I am getting you to a person."},
    "asked_senior": {
        "zh": "好的，这就为您联系人工客服，并注明您希望由主管处理。",
        "en": "Of course, I am getting you to a person, and I am noting that you would like someone senior.",
    },
    "unhappy": {
        "zh": "非常抱歉给您带来不好的体验，我马上请人工同事优先为您处理。",
        "en": "I am really sorry about this. A colleague will look after you with priority.",
    },
    "unsure_offer": {
        "zh": "抱歉，这个问题我没有找到可靠的答案。需要我为您转接人工客服吗？",
        "en": "Sorry, I do not have a reliable answer to that. Would you like to talk to a person?",
    },
    "unsure_queue": {
        "zh": "这个问题我没有可靠的答案，会由人工同事为您解答。",
        "en": "I do not have a reliable answer to that; a colleague will take it up.",
    },
    "unsupported": {
        "zh": "抱歉，这里暂时看不到这类消息，请用文字告诉我们。",
        "en": "Sorry, we cannot see this kind of message here. Please tell us in words.",
    },
    "undelivered": {
        "zh": "未送达客户：{reason}",
        "en": "Not delivered to the customer: {reason}",
    },
    "perhaps_delivered": {
        "zh": "不确定是否已送达客户：{reason}",
        "en": "Perhaps not delivered to the customer: {reason}",
    },
    "contact_left": {
        "zh": "客户已取消关注、退订或屏蔽，无法送达",
        "en": "the customer has left, unsubscribed or blocked this account, nothing can reach him",
    },
    "template_sent": {"zh": "[平台模板消息：{name}]", "en": "[The platform's approved message: {name}]"},
    "contact_back": {"zh": "客户已重新订阅，可以继续发送", "en": "the customer subscribed again and can be reached"},
    "window_never_opened": {
        "zh": "平台只允许在客户先联系之后发送消息",
        "en": "the platform lets us write only after the customer has written first",
    },
    "window_closed": {
        "zh": "平台的回复时限已过，等客户再发一条消息即可回复",
        "en": "the platform's time for a reply is over; it opens again when the customer writes",
    },
    "window_used_up": {
        "zh": "平台允许的回复条数已用完，等客户再发一条消息即可回复",
        "en": "all messages that the platform allows are used up; more are allowed when the customer writes",
    },
    "window_closing": {
        "zh": "平台的回复时限 {at} 到期，之后要等客户再发消息才能回复，请在此之前答复",
        "en": "the platform's time for a reply ends on {at}; after that nothing reaches him until he writes again",
    },
    "choose_number": {"zh": "回复数字即可选择", "en": "Reply with a number to choose"},
    "some_button": {"zh": "[按钮]", "en": "[button]"},
    "stars_ask": {"zh": "请为本次人工服务打分：", "en": "How was the help that you got?"},
    "stars_1": {"zh": "很不满意", "en": "Very bad"},
    "stars_2": {"zh": "不满意", "en": "Bad"},
    "stars_3": {"zh": "一般", "en": "So-so"},
    "stars_4": {"zh": "满意", "en": "Good"},
    "stars_5": {"zh": "非常满意", "en": "Very good"},
    "stars_thanks": {"zh": "感谢您的评价！", "en": "Thank you for telling us."},
    "media_image": {"zh": "[图片]", "en": "[picture]"},
    "media_audio": {"zh": "[语音]", "en": "[voice message]"},
    "media_video": {"zh": "[视频]", "en": "[video]"},
    "media_file": {"zh": "[文件]", "en": "[file]"},
    "media_lost": {
        "zh": "您发的{what}没能打开，可能已过期、太大或格式不支持，请重新发送（图片、语音、视频、PDF 或文本）。",
        "en": "We could not open the {what} that you sent: it has expired, is too large or of a kind that we cannot "
        "read. Please send it again (picture, voice, video, PDF or plain text).",
    },
    "media_why": {"zh": "客户发的{what}未能保存：{reason}", "en": "The customer's {what} could not be kept: {reason}"},
    "choose_button": {"zh": "请选择：", "en": "Please choose:"},
    "file_link": {"zh": "文件 {name}：{link}", "en": "File {name}: {link}"},
    "served_elsewhere": {
        "zh": "{name} 已在平台上接待该客户，这里不再排队。",
        "en": "{name} serves this customer on the platform; he does not wait here any more.",
    },
    "answered_elsewhere": {
        "zh": "{name} 在平台上回复：{text}",
        "en": "{name} answered on the platform: {text}",
    },
    "sender_proven": {
        "zh": "发件人核验通过：这封邮件确实来自该地址的邮箱（这不等于本人身份核验）。",
        "en": "Sender checked: this mail does come from that address (which is no proof of who writes there).",
    },
    "sender_unproven": {
        "zh": "发件人未能核验：任何人都可能冒用这个地址，涉及账户和订单前请先核实身份。",
        "en": "Sender not proven: anybody could have used this address. Verify who it is before you speak of accounts "
        "or orders.",
    },
    "sender_forged": {
        "zh": "发件人核验失败（DMARC）：这封邮件很可能是冒名的，机器人没有回复，附件未保存。请勿据此办理任何业务。",
        "en": "Sender check FAILED (DMARC): this mail is probably not from that address. The bot has not answered and "
        "its files were not kept. Do nothing on the strength of it.",
    },
    "public_mention": {
        "zh": "公开发言（{platform}）：所有人都能看到，机器人不会回答。请勿公开订单、电话等个人信息，"
        "需要时请对方私信。{how}",
        "en": "Said in public ({platform}): everybody can read it, and the bot does not answer. Write nothing about "
        "orders, numbers or other personal data there; ask the author for a private message instead. {how}",
    },
    "public_by_hand": {
        "zh": "这里的回复不会自动发布，请到原帖回复：{url}",
        "en": "Nothing is published from here; post your answer yourself at {url}",
    },
    "public_unsaid": {
        "zh": "以上工单通知没有公开发布，对方看不到。需要告知时，请在本对话中回复，或请对方私信。",
        "en": "This note on a case was not published, and its author has not seen it. If he should know, reply here, "
        "or ask him for a private message.",
    },
    "public_is_sent": {
        "zh": "您在这里的回复会公开发布。",
        "en": "What you answer here is published.",
    },
    "clarify": {"zh": "您想了解的是哪一个问题？", "en": "Which of these do you mean?"},
    "talk_to_human": {"zh": "转人工", "en": "Talk to a person"},
    "ticket_update": {"zh": "【工单 {number}】{text}", "en": "Your case {number}: {text}"},
    "ticket_reopened": {
        "zh": "收到您的回复，工单 {number} 已重新打开，我们会继续跟进。",
        "en": "Thank you for your reply. Your case {number} is open again and we will look into it.",
    },
    "ticket_follow_up": {
        "zh": "您好，工单 {number} 之前已处理完毕，想跟您确认一下：问题解决了吗？如果还有问题，直接回复即可。",
        "en": "Hello, we closed your case {number} a while ago. Is everything all right now? If not, just reply here.",
    },
    "threat_subject": {
        "zh": "客户表示将投诉或曝光：{words}",
        "en": "The customer says he will take it further: {words}",
    },
    "threat_told": {
        "zh": "客户表示将投诉或曝光：“{words}”。优先级已提高，已请主管关注：{names}。",
        "en": "The customer says he will take it further: “{words}”. The priority was raised; asked to look: {names}.",
    },
    "low_rating_subject": {"zh": "低分评价：{score} 星", "en": "A low rating: {score} of 5"},
    "sla_first_reply": {"zh": "首次回复", "en": "First reply"},
    "sla_next_reply": {"zh": "后续回复", "en": "Next reply"},
    "sla_resolution": {"zh": "解决", "en": "Resolution"},
    "sla_warning": {
        "zh": "【时限提醒】{what}时限即将到期：{due}",
        "en": "Running out of time. {what} is due by {due}.",
    },
    "silent_agent": {
        "zh": "客户还没有收到您的第一句回复。如果 {minutes} 分钟内仍未回复，会话将转给其他同事。",
        "en": "This customer has not had a word from you yet. In {minutes} minutes another colleague gets him.",
    },
    "silent_colleague": {
        "zh": "{agent} 接入后一直没有回复客户，{minutes} 分钟后将转给其他同事。请查看：{names}",
        "en": "{agent} has not said a word to this customer; in {minutes} minutes somebody else gets him. "
        "Please look: {names}",
    },
    "missed_offers": {
        "zh": "连续 {count} 次未接受分配，已自动设为离开",
        "en": "Let {count} offers pass; set to away by itself",
    },
    "alarm_subject": {
        "zh": "【{brand}】{queue}：有客户在等待，无人查看",
        "en": "[{brand}] {queue}: a customer is waiting and nobody has looked",
    },
    "alarm_text": {
        "zh": "{queue} 队列中有一位客户已等待 {minutes} 分钟，没有任何同事看到他的请求。\n"
        "对话编号：{conversation}\n如果仍然没有人接手，系统会登记工单，并告知客户答复时间。",
        "en": "In the queue {queue} a customer has been waiting for {minutes} min, and no colleague has had the "
        "request on a screen.\nConversation: {conversation}\nIf nobody takes it, a ticket is opened and the "
        "customer is told by when he has an answer.",
    },
    "sla_breach": {"zh": "【超时】{what}已超过时限：{due}", "en": "Out of time. {what} was due by {due}."},
    **WORK_TEXTS,
    "transcript_subject": {
        "zh": "您与{brand}的聊天记录",
        "zh-Hant": "您與{brand}的聊天記錄",
        "en": "Your conversation with {brand}",
    },
    "transcript_you": {"zh": "您", "zh-Hant": "您", "en": "You"},
    "transcript_bot": {"zh": "智能助手", "zh-Hant": "智慧助理", "en": "AI assistant"},
    "transcript_team": {"zh": "客服", "zh-Hant": "客服", "en": "Support"},
    "transcript_code_subject": {
        "zh": "{code} 是您的验证码（{brand}）",
        "zh-Hant": "{code} 是您的驗證碼（{brand}）",
        "en": "{code} is your code for {brand}",
    },
    "transcript_code_text": {
        "zh": "您好，\n\n有人（应该是您本人）希望把与{brand}的聊天记录发送到这个邮箱。\n\n验证码：{code}\n\n"
        "请在聊天窗口中输入，10 分钟内有效。如果不是您本人操作，忽略这封邮件即可，我们不会再发送任何内容。",
        "zh-Hant": "您好，\n\n有人（應該是您本人）希望將與{brand}的聊天記錄寄到這個電子信箱。\n\n驗證碼：{code}\n\n"
        "請在聊天視窗中輸入，10 分鐘內有效。如果不是您本人操作，請忽略這封郵件，我們不會再寄送任何內容。",
        "en": "Hello,\n\nsomebody, presumably you, wants the conversation with {brand} sent to this address.\n\n"
        "Your code: {code}\n\nPlease type it into the chat within 10 minutes. If it was not you, ignore this mail: "
        "nothing else will be sent.",
    },
    "erased": {
        "zh": "本会话的内容已按要求或到期删除。",
        "en": "What was said here was erased, on request or because its time was over.",
    },
    "erased_contact": {"zh": "已删除的客户", "en": "Deleted customer"},
    "visitor": {"zh": "访客 {number}", "en": "Visitor {number}"},
}


class Said(str):
    """A sentence of the table that remembers how it was made, so that a tenant can say it in its own words."""

    key: str
    language: str
    blanks: Mapping[str, str]


def say(key: str, language: str, **values: str) -> str:
    """The sentence in the language, its blanks filled; "zh-Hant" where it is only there in "zh", else in English."""
    versions = TEXTS[key]
    said = versions.get(language) or versions.get(language.partition("-")[0]) or versions["en"]
    sentence = Said(said.format(**values))
    sentence.key, sentence.language, sentence.blanks = key, language, values
    return sentence
