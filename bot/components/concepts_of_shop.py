"""Concepts of a shop and a wallet: Chinese pieces of text, English words and phrases."""

SHOP: dict[str, tuple[str, str]] = {
    "item": (
        "衣服|鞋|裤|裙|外套|耳机|键盘|鼠标|手机|电脑|灯|锅|杯|被|玩具|包|箱|奶粉|猫粮|充电器|水壶|打印机|"
        "帐篷|毛衣|沙发|那件|这件|那双|商品|东西|产品",
        "shirt|shoe*|jacket|trousers|dress|sweater|lamp|keyboard|mouse|headphone*|earbud*|phone|laptop|"
        "printer|kettle|quilt|toy|backpack|bag|cup*|charger|blender|set|tent|item*|product*|goods|thing",
    ),
    "kind": (
        "颜色|尺码|码|号的|款|型号|黑|白|红|蓝|绿|灰|大一|小一|偏大|偏小|半码",
        "size*|colour*|color*|black|white|red|blue|green|grey|gray|larger|bigger|smaller|small|large|"
        "medium|xl|xxl|model|version",
    ),
    "seller": (
        "商家|卖家|店家|店铺|店|商户|掌柜",
        "seller*|merchant*|shop|store|vendor",
    ),
    "courier": (
        "快递员|配送员|送货员|派件员|小哥|师傅|骑手|司机",
        "courier|driver|delivery man|delivery guy|installer|postman",
    ),
    "language": (
        "中文|英文|英语|日语|法语|韩语|德语|西班牙语|汉语|普通话|国语|粤语|语言|语种|繁体|简体|国文|外语",
        "english|chinese|mandarin|cantonese|spanish|french|german|japanese|italian|korean|russian|arabic|"
        "portuguese|language*|characters|simplified|traditional",
    ),
    "speak": (
        "说|讲|用|换成|切换|切到|回复|聊|看不懂|只会|听不懂|不懂",
        "speak|write|reply|answer in|respond|talk|use|understand|read|in english|in chinese|switch|say it",
    ),
    "address": (
        "地址|收货|收件|门牌|楼号|栋|单元号|邮编|送到|寄到|改寄|改送|改派|配送信息|送我|寄我|搬家|住处|"
        "自提点|驿站|送去|寄去",
        "address*|street|postcode|post code|zip|house number|flat number|unit number|recipient|"
        "deliver to|deliver it|delivered to|redirect|reroute|ship it to|send it to|moved|relocated|flat|"
        "apartment|workplace|office|pickup point|locker|neighbour|neighbor|hotel|somewhere else",
    ),
    "change": (
        "改|换|修改|更改|变更|更新|更正|调整|变|写错|填错|选错",
        "change*|update*|edit|amend|modify|correct|fix|switch|swap|different|another|instead|new|wrong|"
        "adjust|rather than",
    ),
    "cancel": (
        "取消|撤单|退单|不要了|不买了|别发|不发|作废|砍单|撤了|撤掉|别寄|取肖|终止交易|关闭订单|去掉",
        "cancel*|call off|void|annul|scrap|drop|kill|don't send|don't ship|stop the shipment|"
        "dont send|dont ship|do not send|do not ship|"
        "don't dispatch|cancl*|cancle|withdraw",
    ),
    "order": (
        "订单|单子|这单|那单|一单|几单|下单|下的单|单号|本单|预售|定单|拍的|拍了|下错|下重|丁单|拍|订购|买的",
        "order*|purchase*|preorder|pre-order|ordr|oder|bought",
    ),
    "parcel": (
        "快递|包裹|物流|我的件|件|货|配送|运输|宝贝|派送|出库|快件",
        "parcel*|package*|delivery|deliveries|shipment|courier|tracking|shipping|stuff|shipped|"
        "dispatched|delivered|warehouse",
    ),
    "whereabouts": (
        "到哪|走到|哪了|到了没|到没|发货没|发没|寄了吗|还没到|没收到|什么时候到|能到|进度|状态|催|查|"
        "没更新|没动|签收|派件|送达|到货|出库|在什么地方|哪一站",
        "where is|where's|wheres|where|track*|status|arrive*|eta|late|shipped|hasn't moved|on its way|"
        "on the way|has got to|get here|out for delivery|dispatched|left|location|stuck|delayed|"
        "still waiting|update on|news",
    ),
    "return": (
        "退货|退回|退掉|寄回|退了|上门取|取件|退给|七天无理由|腿货|退还商品|退这|退那|想退|要退",
        "return*|send back|send it back|send this back|sending|give back|give it back|take it back|"
        "hand back|bring back|pick up my|pickup|label|slip|sent back",
    ),
    "refund": (
        "退款|退钱|还钱|退费|赔|钱退|退我|把钱|退差价|差价|退还|返还|货款|退一部分|退一半|钱还|款退",
        "refund*|money back|reimburse*|cash back|my money|pay me back|give one back|payment back|"
        "paid back|half my money",
    ),
    "exchange": (
        "换货|换大|换小|换个|换一|换成|调换|更换|补发|重新发|换新|换码|换掉|换双|换台|调成|补寄|调货",
        "exchange*|swap|replace*|replacement|bigger size|larger size|smaller size|trade|new one|"
        "another one|right size|instead of",
    ),
    "invoice": (
        "发票|开票|专票|普票|票|抬头|税号|收据|报销|报账",
        "invoice*|receipt*|tax document|vat|bill|proof of purchase|expense*|accounting|accounts|tax",
    ),
    "coupon": (
        "优惠券|券|优惠码|折扣码|兑换码|红包|满减|抵扣|优惠卷|代金|折扣|口令",
        "coupon*|voucher*|promo*|discount*|code|codes|gift card|minimum spend|cupon",
    ),
    "works": (
        "能用|可用|有效|用不了|不能用|用不上|无效|失效|过期|报错|生效|不可用|到期",
        "valid|invalid|work*|apply|applied|expire*|rejected|refuse*|error|usable|good|greyed|left",
    ),
    "money_in": (
        "充值|充了|充的|充进|转账|转的|转了|转给|提现|汇款|打款|付款|付了|支付|余额|到账|扣款|扣了|话费|"
        "存的钱|入账|进账|钱包|转帐|没到帐",
        "top-up|top up|topup|topped up|recharge*|transfer*|withdraw*|deposit*|payment*|paid|charged|"
        "balance|credited|funds|sent money|wallet|bank|money",
    ),
    "missing": (
        "没到|未到|没收到|不见|没有到|没了|丢|去哪|没看到|没显示|没进|没有记录|少了|没变|未入|没给|哪去",
        "not arrived|hasn't arrived|haven't received|missing|never|disappeared|gone|not there|"
        "isn't there|not received|nothing|vanished|not credited|didn't get|lost|not showing|isn't in|"
        "hasn't received|wasn't",
    ),
    "identity": (
        "实名|认证|身份|人脸|刷脸|证件|身份证|护照|核验|核实|通行证|审核|任证|验证",
        "verif*|identity|id|passport|face scan|facial|selfie|kyc|id check|id card|unverified|documents",
    ),
    "account": (
        "账号|账户|帐号|会员|我的号|这个号|的号|户|注册|资料",
        "account*|acct|profile|membership|registered|login|acount",
    ),
    "close": (
        "注销|销户|销号|删除|删号|删掉|停用|关闭|关掉|清掉|永久|彻底|退出平台|销掉|关了",
        "close*|closing|closure|delete*|deletion|remove*|deactivat*|terminat*|erase|shut|wipe|unregister|"
        "permanently|for good|take down|get rid",
    ),
    "phone_call": (
        "电话|回电|打给|致电|来电|回拨|打过来|打我|打手机|拨|回访|接听|打个电|打来",
        "call*|phone*|ring|telephone|callback|call back|by phone|on the phone",
    ),
    "complaint": (
        "投诉|举报|反映|意见|不满|反馈|异议|工单|差评|假货",
        "complain*|report|feedback|dissatisfied|not satisfied|not happy|grievance*|case number|formal|"
        "on record|on file|lodge|impolite|rude|fake*|counterfeit|disagree",
    ),
    "flaw": (
        "坏|破|碎|划痕|漏|脏|异味|褪色|起球|开胶|开线|裂|断|松|挤脚|不亮|不响|没声|黑屏|死机|不能开机|"
        "发黄|掉色|瑕疵|少发|漏发|发错|不合身|不合适|质量|色差|过期|不好用|描述|不一样|味道|充不|扣子|"
        "声音|太烫|口感|封口|二手|盒子|线太短|太慢|买多|更便宜|用不到|不喜欢|洗一次|不想要|没原因|少一|"
        "少了一",
        "broken|broke|damaged|defective|cracked|scratch*|leak*|stain*|dirty|smell*|torn|faulty|dead|"
        "stopped working|won't|wouldn't|doesn't fit|too small|too big|too tight|too loose|wrong size|"
        "wrong item|missing|quality|not as described|expired|snapped|yellow|loud|cheap|hole|"
        "different from|itchy|smashed|doesn't turn|does not turn|noise|too hot|turn off|taste|"
        "past its date|the seal|used|wrong model|empty|too short|too long|too many|cheaper|not my taste|"
        "don't like it|don't need it|no longer need|tore|fell off|off|feels|pinches|too late|"
        "took too long|already have|a gift|not what i expected|it's fake|wrong colour|wrong color|"
        "never arrived|duplicate",
    ),
    "payment_means": (
        "现金|信用卡|花呗|支付宝|微信付|微信支付|银行卡付|零钱付|建行|工行|卡尾号",
        "cash|credit card|visa|alipay|wechat|by card|by bank card|bank card|mastercard|paypal|from my wallet",
    ),
}
