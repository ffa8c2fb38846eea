"""Ways to ask for a human, and texts that only look like one; none of them is a training example."""

ASKING = """
给我转人工客服吧
帮忙转个人工
转人工处理一下
请转接人工服务
麻烦给我接一下人工
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
我不要跟机器人说话，我要人工
机器人听不懂，转人工吧
别再自动回复了，给我转人工
跟你说不清楚，找人工
你根本不懂，叫人来
机器人没用，换人工
这破机器人，转人工
烦死了，快给我转人工
立刻给我转人工
马上转人工，谢谢
转人工，急
急！转人工
转人工啊！！！
人工人工人工
人工！！
人工呢
您好，麻烦转人工
你好我要人工客服
亲，转人工
请帮我转到人工坐席
我要求转人工客服
可以换个人工客服吗
换真人客服
要真人不要机器人
需要真人客服
需要人工客服协助
我的问题你解决不了，转人工
退款的事情我要跟人工说
订单问题需要人工客服
算了还是转人工吧
那就转人工
还是找人工吧
叫你们主管来
我要找你们经理
让你们领导来跟我说
有没有能处理问题的人
有人能帮我吗
能不能来个人
找个人来跟我说
想跟人说话
转人宫
转人工课服
人工克服
转 人 工
转，人，工
zhuan ren gong
wo yao rengong
wo yao zhuan rengong
rengong fuwu
转rengong
zrg 谢谢
我要real person
please 转人工
I want 人工客服
can you 转人工 for me
i want to talk with a human
i'd like to talk to a human please
i would like to speak with a real person
can i please talk to a human being
can you transfer me to a human
could you transfer me to a live agent
please connect me with a representative
connect me to a real person
connect me with customer service
put me through to an agent please
put me through to customer support
let me speak with a human
let me talk to an actual person
let me talk to your supervisor
i need to talk to a person
i need a real human
i need human help
i need to speak with a representative now
i want a live agent
i want to chat with a person
i want someone real
give me a person
give me a real person now
get me an agent
get me a supervisor
get a human on the line
just get me a human
bring me a human
human!
HUMAN!!!!
agent!!!
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
may i talk to a human please
would you mind connecting me to a human agent
could i speak to a colleague of yours, please
do you have a live agent
how can i speak to a person
how do i get a human
how do i talk to an agent
where do i find a live person
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
hi, i want to talk to an agent
hello can you connect me to a person
i want to speak to somebody about my refund
i'd rather speak to a human
i prefer to talk to a person
please escalate to a human agent
please hand me over to a human
hand me over to an agent
switch me to a human
forward me to an agent
transfer me to customer service
transfer to agent
transfer to a real person
i want a manager
let me speak to your manager
where is the manager, i want to talk to him
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
agent plz
human plz
rep
i want kefu now
zhuan rengong please
""".strip().splitlines()

LOOK_ALIKES = """
人工智能能做什么
人工智能会取代人类吗
人工智能课程有卖吗
安装的人工费是多少钱
人工成本包含在内吗
这是纯手工制作的吗
手工皮鞋怎么保养
人工皮革耐用吗
人工钻石的证书
人工泪液有卖的吗
人工耳蜗电池有货吗
怎么转账
转账给别人要多久
转账手续费多少
转账没到账怎么办
转款失败怎么办
如何转到支付宝
转发优惠券给朋友
转让订单可以吗
真人认证没通过
真人身份验证怎么弄
真人CS装备有货吗
有几个人的帐篷
这个沙发能坐几个人
一个人能注册几个账号
个人信息在哪里改
收货人写错了怎么改
别人可以帮我签收吗
客服电话多少
你们的客服热线是多少
人工客服的工作时间
客服上班时间是几点到几点
客服的邮箱地址
不用转人工了
不要给我转人工
先不用人工
你是真人吗？
你是人工吗
你是机器人还是人
机器人扫地机保修多久
学习机器人有现货吗
专人送货吗
工人手套有货吗
员工折扣怎么用
what is artificial intelligence good for
is this bag hand-made?
is this sweater handmade in italy
is it hand sewn
hand cream in stock
do you sell human hair wigs
human hair extensions price
is the human skeleton model in stock
human anatomy poster
how do i transfer money
bank transfer limit
can i transfer my balance to a friend
is a transfer free of charge
transfer to alipay
can another person sign for my parcel
can a friend collect my parcel
how many people can join the group purchase
how many persons does the tent fit
personal information settings
personalised gifts
person to person payments
what is your hotline number
what are your customer service hours
when do your agents start work
when is customer service open
what is the service e-mail
do i need an agent to import this
cleaning agent for leather
i am a sales agent, do you give discounts
how to become an agent
real estate vouchers
is this real silk
are you a human?
are you a real human
are you a live person or a bot
am i chatting with a robot
i don't need an agent
no human please
don't transfer me to an agent
please do not transfer me
live stream discount
what does live tracking mean
is the robot lawn mower in stock
operating manual for the camera
chat sticker packs
talk time of the phone battery
speaker for my phone
support for ios 17
does the case support my phone
""".strip().splitlines()
