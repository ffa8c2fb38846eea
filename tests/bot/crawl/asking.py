"""Ways to ask for a human, by how they are put. Beyond the plainest ones none is a training example (a test says so).

`WAYS[kind]` are texts as customers send them; `ASKING` is all of them. Kinds matter to the crawler only in that each
state meets some of every kind.
"""

WAYS: dict[str, list[str]] = {
    kind: block.strip().splitlines()
    for kind, block in {
        "zh": """
转人工
人工客服
人工
给我转人工客服吧
帮忙转个人工
转人工处理一下
请转接人工服务
我需要转人工客服
直接转人工行不行
可以帮忙转接到人工吗
能帮我接通人工客服吗
怎样才能转人工客服
人工客服怎么找
请问有人工客服吗
你们有人工服务吗
我想要人工服务
我想联系人工客服
我想跟真人聊聊
我想和真人客服说话
能不能跟真人沟通
能让真人来回答吗
有没有真人可以帮我
来个真人客服行吗
给我找个真人
找真人
找个活人
给我找个活人
有没有活人啊
出来个活人
叫个真人出来
让客服来跟我说
叫客服出来
我要跟客服说话
我要客服
我想找客服
找一下客服
客服在吗，我要人工
帮我联系一下客服人员
麻烦安排人工客服
我要求转人工客服
可以换个人工客服吗
换真人客服
需要真人客服
需要人工客服协助
叫你们主管来
我要找你们经理
让你们领导来跟我说
有没有能处理问题的人
有人能帮我吗
能不能来个人
找个人来跟我说
想跟人说话
请帮我转到人工坐席
切换到人工
接人工台
人工服务怎么接入
进人工要点哪里
叫你们负责人来听
安排个专员跟我对接一下
让值班经理联系我，我现在就要跟他说
我想直接跟你们同事沟通
人工人工人工
人工呢
转人工，急
""",
        "zh polite": """
麻烦给我接一下人工
您好，麻烦转人工
你好我要人工客服
亲，转人工
马上转人工，谢谢
不好意思，方便的话帮我转一下人工可以吗
劳驾，帮我接下人工客服，谢谢您
辛苦转人工~
打扰了，请问可以请一位真人客服来帮我看看吗
拜托拜托，帮我找个人工
能否请贵司的客服人员与我联系，谢谢
小助手辛苦了，接下来还是让人工来吧
""",
        "zh upset": """
我不要跟机器人说话，我要人工
要真人不要机器人
机器人听不懂，转人工吧
别再自动回复了，给我转人工
跟你说不清楚，找人工
你根本不懂，叫人来
机器人没用，换人工
这破机器人，转人工
烦死了，快给我转人工
立刻给我转人工
急！转人工
转人工啊！！！
人工！！
滚，换个人来
别废话，转人工
给老子转人工
傻逼机器人，转人工
操，能不能来个活人
智障玩意，给我找个真人来
你们是不是没有活人了？叫个人来！
第五遍了，人工！人工！人工！
垃圾客服机器人，我要投诉，先给我接人工
""",
        "zh dialect": """
我要揾真人
唔该帮我转人工啦
有冇真人啊，我要真人客服
搵个人嚟同我讲
整个活人来唠
给俺找个真人
给我喊个活人来嘛
转人工噻
帮我寻个真人好伐
咱能换个真人儿不
""",
        "traditional": """
轉人工
轉接人工客服
請幫我轉真人客服
我要人工服務
麻煩轉接專人服務
人工客服在嗎
我想跟真人講話
請轉人工處理
可以幫我接客服人員嗎
不要機器人，我要真人
幫我轉客服專員謝謝
""",
        "full width and marks": """
【转人工】
「人工客服」
转　人　工
转 人 工
转，人，工
转.人.工
转~人~工
人 工 客 服
ｒｅｎｇｏｎｇ
ａｇｅｎｔ　ｐｌｅａｓｅ
ＨＵＭＡＮ
ｈｕｍａｎ　ｐｌｓ
人\u200b工\u200b客\u200b服
转\u200b人\u200b工
h u m a n
"agent"
*转人工*
#转人工#
""",
        "emoji": """
转人工🙏
🙏🙏人工客服
找真人😡😡
人工‼️
agent pls 🙏
human 😤
转👨‍💼人工
🧑‍💼 human agent
求求了，来个活人吧😭😭😭
real person please 🥺
""",
        "pinyin": """
rén gōng
ren gong
rengong
zhuǎn rén gōng
zhuan ren gong
zhuanrengong
wo yao rengong
wo yao zhuan rengong
rengong fuwu
ren gong ke fu
rengong kefu
zhenren kefu
wo yao zhao zhenren
qing zhuan rengong
bang wo zhuan yi xia rengong
huan ren gong
wo yao ren gong ke fu xie xie
zhao ge huo ren
zrg 谢谢
zhuan rengong please
i want kefu now
""",
        "typing errors": """
转人宫
转人工课服
人工克服
转入工
转认工
转人功
装人工
转仁宫
传人工
转人工客服服
人工客福
找真认
转人工坐席位
专人工客服
转人工肯服
""",
        "voice": """
转人公
赚人工
赚人公
转仁工
转任工
砖人工
专人工
转银工
转人攻
转人弓
仁工客服
任工服务
人公客服
找针人
找珍人
真人课服
嗯那个就是帮我转一下那个人工
喂你好我想那个转人工
转人工转人工啊听到没有
speak to a hue man
talk to an agend
um can i like talk to a person
yeah hi uh agent
""",
        "mixed": """
转rengong
我要real person
please 转人工
I want 人工客服
can you 转人工 for me
帮我 connect 一下 human agent
我要 talk to 真人
can I speak to 人工
转 human
转agent
need 真人 help
想跟 agent 聊
help 转人工 thx
please 帮我转 customer service
这个bot不行，换real人来
找个 human 谢谢
""",
        "en": """
human
agent
i want to talk with a human
i would like to speak with a real person
can you transfer me to a human
connect me to a real person
connect me with customer service
let me speak with a human
let me talk to an actual person
i need to talk to a person
i need a real human
i need human help
i need to speak with a representative now
i want a live agent
i want to chat with a person
i want someone real
give me a person
get me an agent
get me a supervisor
bring me a human
real human please
human being please
actual person please
live person
live representative
speak to representative
speak to agent
talk to agent
talk to representative
talk to a real human
talk to customer service
chat with agent
is there a person i can speak to
is there a human available
is anyone there to help me
are there any real people here
can a real person help me
can i get a human
can i have an agent
can i chat with somebody real
do you have a live agent
how can i speak to a person
how do i get a human
how do i talk to an agent
where do i find a live person
hi, i want to talk to an agent
hello can you connect me to a person
i want to speak to somebody about my refund
i'd rather speak to a human
i prefer to talk to a person
please escalate to a human agent
hand me over to an agent
switch me to a human
forward me to an agent
transfer me to customer service
transfer to agent
transfer to a real person
i want a manager
let me speak to your manager
let me talk to your supervisor
where is the manager, i want to talk to him
rep
can somebody from your team take over
escalate this to a person
i want to deal with a human being
someone from support please
pass me to your colleague
speak with an advisor
customer care executive please
get me a human on this chat
is there anybody i could talk to
i'd like a person to look into this
""",
        "en polite": """
i'd like to talk to a human please
can i please talk to a human being
could you transfer me to a live agent
please connect me with a representative
put me through to an agent please
put me through to customer support
may i talk to a human please
would you mind connecting me to a human agent
could i speak to a colleague of yours, please
please hand me over to a human
if it isn't too much trouble, i'd love to talk to a real person
would it be possible to be connected to someone on your team?
kindly transfer me to a customer care executive
sorry to bother you, might i speak with one of your colleagues?
thanks, but i think i need a human for this one
""",
        "en upset": """
give me a real person now
get a human on the line
just get me a human
human!
HUMAN!!!!
agent!!!
i don't want to talk to a robot
i don't want to chat with a machine, give me a person
no more bots, i want a human
stop the bot, get me a human
this bot doesn't understand, human please
you are not helping, let me speak to a person
this is going nowhere, transfer me to an agent
fucking connect me to a human
stupid bot give me a real person
useless robot, human now
for heaven's sake let me talk to somebody
shut up and get me a human
wtf give me an agent
cut the crap, agent now
you suck, get me a real person
damn bot. HUMAN.
I SAID I WANT TO TALK TO A PERSON
""",
        "en typing errors": """
talk to a huamn
tlak to agent
speak to a humna
i want a real preson
live agnt
reprasentative please
oprator please
taking to a person please
cna i talk to a human
i wnat an agent
tranfer me to a agent
hooman pls
agent pls
agent plz
human plz
speek to a reprezentative
custmer service plz
can i tlak to a real persn
trasnfer me to a human
i need a humann
get me a livr agent
""",
        "in a longer text": """
我的问题你解决不了，转人工
退款的事情我要跟人工说
订单问题需要人工客服
算了还是转人工吧
那就转人工
还是找人工吧
我上周买的台灯一开就闪，按你们说的换了灯泡也没用，群里的人都说这批货有问题，所以帮我转人工吧
我就想问一下那个保温杯，算了太复杂了跟你讲不明白，你让人工来
先不说优惠券的事，包裹丢了谁负责？给我接个真人，我要当面说清楚
你好，是这样的，我妈妈用我的账号买了东西，收货人写错了，电话也写错了，我在外地，麻烦找个人工客服帮我处理
i ordered a kettle two weeks ago, it never came, the tracking page is empty, so please just connect me to a person
my parcel says delivered but there is nothing at the door, can i talk to a real person about it
i've tried the app, i've tried the website, now i'm trying you. let me speak to somebody who works there
thanks for the article, it does not help though, please get me an agent
the code on the coupon is right, the date is right, the amount is right and it still fails. human please, this is silly
""",
        "as an answer": """
不知道，转人工
我不记得单号了，直接找人工吧
没有订单号，给我转人工客服
1234，转人工
LY20261103001 转人工
尾号5678，算了给我人工
质量问题，我要找人工说
先别提交，我要问人工
等一下，我想先和真人确认
确认之前我要跟人工说话
好的，不过还是转人工吧
地址等会儿再说，先给我接人工
i don't have it, just get me a person
1234, but i want an agent
LY20261103001, now transfer me to a human
wait, let me talk to a person first
yes but i want to speak to an agent before you submit that
it is too small, and i would like to talk to somebody about it
can't find the number. human please
""",
        "beside a value": """
LY20261103001 agent
LY20261103001 human
LY20261103001 person
LY20261103001 人工
LY20261103001，真人客服
agent LY20261103001
人工 LY20261103001
human, 20261103001
我要人不要机器人，LY20261103001
8899 agent
人工，尾号8899
13800138000 representative please
TU2026110301 人工客服
59.90 human
""",
    }.items()
}

ASKING = [text for texts in WAYS.values() for text in texts]
