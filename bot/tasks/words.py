"""Patterns by which a Task is steered, zh and en."""

import re

A_SENTENCE = 60  # characters
BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
# A topic is no wish yet: the knowledge base asks what about it.
BARE_TOPIC = re.compile(
    r"\W*(?:关于|我的|about|my|an?|the|\s)*"
    r"(?:退款|退货|换货|订单|物流|快递|包裹|发票|优惠券|充值|转账|投诉|refund|return|exchange|order|parcel"
    r"|package|delivery"
    r"|invoice|coupon|voucher|top.?up|transfer|complaint)s?"
    r"\s*(?:问题|的事|的问题|question|problem|issue)?\W*",
    re.IGNORECASE,
)
PLAIN_YES = re.compile(  # one or more words of agreement, and nothing else
    r"\W*(?:(?:好的?|可以|是的?|对的?|行|嗯|没问题|没错|确认|确定|提交|同意|成|就这样|就这么(?:办|定)"
    r"|[办弄来搞交]吧)[吧啊呀哈嘞]?\W*)+"
    r"|\W*(?:(?:yes|yeah|yep|yup|y|ok|okay|sure|right|correct|confirm(?:ed)?|agreed|exactly|absolutely|of course|please"
    r"|submit(?:\s+(?:it|this|that))?|go\s+ahead|do\s+(?:it|that|so)|proceed|all\s?right|that'?s\s+(?:right"
    r"|correct|fine)"
    r"|sounds\s+good|looks\s+(?:good|right|correct))(?:\W+|$))+",
    re.IGNORECASE,
)
# A yes with one of these may be none: "可以先别提交", "yes but wait".
HESITATION = re.compile(
    r"[别別不先再想等但慢停改换]|可是|只是|考虑|如果|要是|除非|取消|算了|稍后|晚点|回头|暂|明天|没(?!错|问题)"
    r"|\b(?:no|not|never|\w+n['’]?t|but|wait|hold|hang|later|yet|first|before|after|until|unless|if|think|maybe|perhaps"
    r"|instead|change|cancel|stop|though|although|actually|tomorrow)\b",
    re.IGNORECASE,
)
# Asks how something is done or what the rules are, not to have it done. "怎么还没到" asks neither.
HOW_TO = re.compile(
    r"怎么(?!还|没|不|这么|又|回事|办|能|就)|怎样|如何|多久|多少|条件|要求|规则|政策|流程|哪里|在哪"
    r"|什么时候(?:可以|能)|需要(?:什么|哪些)"
    r"|\bhow\s+(?:do|can|to|does|should|would|long|much|many)\b|\bwhere\s+(?:do|can)\b"
    r"|\bwhat(?:'s| is| are)\s+(?:the|your)\b"
    r"|\bwhen\s+(?:can|do|will)\b|\bpolicy\b|\brules?\b",
    re.IGNORECASE,
)
NOT_THAT = re.compile(
    r"\s*(?:不对|不是(?:这|那|它|的)|错了|搞错|弄错|说错|选错|写错|填错|打错|我说的不是|不是(?:今|昨|前)天"
    r"|no[,，.]?\s+(?:not|the other|the|that|it'?s|i (?:mean|meant))|not (?:that|this)|wrong (?:one|order|number)"
    r"|sorry[,，]?\s+(?:i meant|wrong)|i meant|that'?s (?:wrong|not (?:it|the|right)))",
    re.IGNORECASE,
)
THAT_ORDER = re.compile(
    r"单|包裹|那[个件笔]|另[一外]|别的|上[一次]|[今昨前]天|order|parcel|package|purchase|\bone\b|yesterday|today",
    re.IGNORECASE,
)
# At the end of what is said: "no, the one from yesterday" names another order, "the one I ordered is late" none.
OTHER_ORDER = re.compile(
    r"(?:[昨前今]天|上[个一]?[周月次]?|另[一外]|别的|那|前面|之前|换|不是这|是[^,，。;；]{0,6}[那这])"
    r"[^,，。;；]{0,6}?(?:[个件笔单]|订单|包裹|快递)的?[吧啊呀]?\W*$"
    r"|\bi meant? (?:the|my) (?!refund|invoice|return|exchange|account|address|payment)[\w ]{1,24}\W*$"
    r"|\bnot (?:that|this)(?: one| order)\b|\byesterday'?s (?:order|one)\b"
    r"|\b(?:other|another|different|second|last|previous|earlier) (?:\w+ )?(?:one|order|parcel|package)\W*$"
    r"|\b(?:one|order) (?:from|of|before|(?:i |we )?(?:bought|ordered))"
    r"(?: (?:yesterday|before|today|last \w+|on \w+|\w+day))?\W*$",
    re.IGNORECASE,
)
TAKES_BACK = r"(?:撤[销回]|取消|undo|take back|withdraw|cancel)(?:刚才|刚刚|那个|这个|一下|我|的|\s|the|my|that)*"
WISH = re.compile(
    r"我(?:想|要|需要)|想(?:要|查|问|改|退|换)|帮我|给我|请|麻烦|查[一下询]|能不能|可以帮"
    r"|\bi(?:'d| would)? (?:want|like|need)\b|\bplease\b|\bcan (?:you|i)\b|\bhelp me\b|\bcheck\b|\bcancel\b|\bchange\b",
    re.IGNORECASE,
)
GO_ON = re.compile(r"继续|接着|刚才|\b(?:continue|resume|go on|back to|carry on|pick up)\b", re.IGNORECASE)
SKIP = re.compile(  # the whole text says that there are no pictures
    r"\W*(?:我|现在|暂时|目前|手头|这边|这会儿|先|就|还|也|真的?|实在|都)*(?:没有?|没法|无法|无|不)(?:太|大)?"
    r"(?:方便|好|用|要|需要|能|会|想)?"
    r"(?:再)?(?:上传|提供|传|拍|发|弄)?(?:任何)?(?:照片|图片?|相片|截图|凭证|照)?(?:了|啊|哦|吧|呢)*\W*"
    r"|\W*(?:现在|暂时|目前|手头|这会儿|实在|真的?|我|照片|图片?|截图|也|都)*(?:拍|传|发|上传|弄)不(?:了|出来"
    r"|上去|上来)?(?:照片|图片?|截图)?了?\W*"
    r"|\W*(?:跳过|略过|免了)(?:吧|这步|这一步|了)?\W*"
    r"|\W*(?:(?:sorry|no|well|i|i'm|just|let'?s|we|can|please)\W+)*"
    r"(?:do ?n'?t|do not|can(?:not|['’]?t| not)|could ?n'?t|have no|have ?n'?t|have not|got no|no|none|not"
    r"|without|skip|unable)"
    r"(?:\s+(?:to|got|have|take|send|make|upload|provide|get|any|one|a|an|the|that|this|it|them|photos?"
    r"|pictures?|images?|pics?|screenshots?"
    r"|step|part|right|now|at|moment|today|here|yet|available|for|with|me|hand))*\W*",
    re.IGNORECASE,
)
# Wants time before saying yes or no; nothing is submitted, and nothing is lost.
THINKS_IT_OVER = re.compile(
    r"再想|想一?想|考虑|稍等|(?:等|缓|放)(?:等|一?下|一会|会儿?|放)|先放着|不着?急(?!用)|让我想|待会|没想好"
    r"|\b(?:hold on|hang on|wait|let me (?:think|see|check)|(?:give me|need|just) (?:a|one|some) (?:\w+ )?"
    r"(?:moment|minute|min|sec|second|time|bit)"
    r"|not sure|(?:have to|need to|must|will|'ll) think|think (?:about|it over))\b",
    re.IGNORECASE,
)
# The order's number is not to hand: no wrong answer, only a later one.
NOT_AT_HAND = re.compile(
    r"(?:单号|订单号|号码|编号|流水号)?.{0,6}(?:不在手头|手头没有|手上没有|找不到|没找到|翻不到|不记得|忘了"
    r"|记不得|不知道)|(?:我|等|让我)?.{0,3}(?:找找|找一下|翻翻|翻一下|去找|去翻|看一下|查一下)(?:看|啊|吧|$)"
    r"|(?:哪里|哪儿|在哪|怎么|去哪)(?:能|可以|里)?(?:看|找|查|有)"
    r"|\b(?:do ?n'?t|do not|not|ca ?n'?t|cannot|no idea|forgot|where)\b.{0,24}\b(?:have|know|find|remember"
    r"|number|it)\b|\b(?:hang on|hold on|one (?:sec|moment|minute)|let me (?:look|check|find|see))\b",
    re.IGNORECASE,
)
# What somebody reproaches us with sounds the same: "you still do not have my number", "你们不知道…".
OF_US = re.compile(
    r"你们?(?:还|都|也|就|怎么|根本|到底|居然|竟然|连)*(?:不|没|找不)|想想你们?"
    r"|\bbelieve\b|\byou\b.{0,12}(?:\b(?:not|never|lost)\b|n['’]?t\b)",
    re.IGNORECASE,
)
# What is said beside a number that was asked for, and says no more than that it is one.
BESIDE_A_VALUE = re.compile(
    r"(?:\W|我|的|就|是|这|那|个|给|您|你|好|订?单|编?号码?|手机|电话|尾号|后四位|请|麻烦|查(?:一?下|询)?|看一?下|谢谢|在这里?|吧|哦|啊|呢"
    r"|\b(?:its|it|s|is|was|my|the|this|here|you|go|are|order|number|no|nr|phone|tail|ends?|ending|in|with|last|four|digits"
    r"|please|pls|thanks?|thx|ok|okay|yes|yeah|sure|sorry|hi|hello)\b)*",
    re.IGNORECASE,
)
# A wish to know, to tell or to stop is none for the Task that it names; nor one to have a person do it.
NO_DEED = re.compile(
    r"想(?:知道|了解|问)|查|进度|是否|客服|人工|真人|停"
    r"|\b(?:know|tell|whether|if|about|ask|speak|talk|stop|human|person|agent|someone|somebody)\b",
    re.IGNORECASE,
)
# What a call is to be about, put as a question or not.
ABOUT = re.compile(
    r"\W*(?:就是|我?(?:想|要)?(?:问|咨询|聊|了解|说|谈|反映)|关于|有关|主要是)|\W*(?:it'?s |it is |i want to "
    r"|i'?d like to |just )?(?:about|regarding|concerning|ask|discuss|talk)\b",
    re.IGNORECASE,
)


def in_one_go(text: str) -> str:
    """The text as one line, though it came in several messages."""
    return BETWEEN_HAN.sub("", " ".join(text.split()))


def thinks_it_over(text: str) -> bool:
    """Whether time is asked for before a yes or no."""
    line = in_one_go(text)
    return len(line) <= A_SENTENCE and THINKS_IT_OVER.search(line) is not None and OF_US.search(line) is None


def looks_for_it(text: str) -> bool:
    """Whether a number that was asked for has to be looked for first."""
    line = in_one_go(text)
    return len(line) <= A_SENTENCE and NOT_AT_HAND.search(line) is not None and OF_US.search(line) is None


def wishes_a_deed(text: str) -> bool:
    """Whether something is wished that a Task does, and not an answer, a person, or that it be stopped."""
    return WISH.search(text) is not None and NO_DEED.search(text) is None
