"""Patterns by which a Task is steered, zh and en."""

import re

# A topic is no wish yet: the knowledge base asks what about it.
BARE_TOPIC = re.compile(
    r"\W*(?:关于|我的|about|my|an?|the|\s)*"
    r"(?:退款|退货|换货|订单|物流|快递|包裹|发票|优惠券|充值|转账|投诉|refund|return|exchange|order|parcel|package|delivery"
    r"|invoice|coupon|voucher|top.?up|transfer|complaint)s?"
    r"\s*(?:问题|的事|的问题|question|problem|issue)?\W*",
    re.IGNORECASE,
)
PLAIN_YES = re.compile(
    r"\W*(?:好|好的|可以|是|是的|对|行|嗯|没问题|确认|提交)[吧啊呀]?\W*"
    r"|\W*(?:yes|yeah|yep|y|ok|okay|sure|go ahead|do it|confirm|submit)\W*",
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
WISH = re.compile(
    r"我(?:想|要|需要)|想(?:要|查|问|改|退|换)|帮我|给我|请|麻烦|查[一下询]|能不能|可以帮"
    r"|\bi(?:'d| would)? (?:want|like|need)\b|\bplease\b|\bcan (?:you|i)\b|\bhelp me\b|\bcheck\b|\bcancel\b|\bchange\b",
    re.IGNORECASE,
)
GO_ON = re.compile(r"继续|接着|刚才|\b(?:continue|resume|go on|back to|carry on|pick up)\b", re.IGNORECASE)
SKIP = re.compile(
    r"\W*(?:没有?(?:了|图片?|照片|截图|凭证)?|无|不(?:用|要|需要|上传|传)了?|跳过|暂时没有|拍不了"
    r"|no|none|skip"
    r"|(?:i )?(?:do ?n'?t|have no|have none|no)\s*(?:have)?\s*(?:any|one)?\s*(?:photos?|pictures?|images?)?"
    r"|no (?:photos?|pictures?|images?)|without(?: photos?)?)\W*",
    re.IGNORECASE,
)
