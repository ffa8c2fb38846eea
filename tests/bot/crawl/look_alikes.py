"""Texts that only look like asking for a human; said outside a form or in one, none may hand over as asked for."""

LOOK_ALIKES = """
人工智能是什么
人工智能能做什么
人工智能会取代人类吗
人工智能课程有卖吗
给我介绍一下人工智能音箱
我是人工智能专业的学生，有优惠吗
人工费多少
安装的人工费是多少钱
人工成本包含在内吗
人工草坪多少钱一平
人工湖附近能送吗
人工关节的保险有卖吗
这是纯手工制作的吗
手工皮鞋怎么保养
人工皮革耐用吗
人工钻石的证书
人工泪液有卖的吗
人工耳蜗电池有货吗
人造革和真皮有什么区别
怎么转账
转账给别人要多久
转账手续费多少
转账没到账怎么办
转款失败怎么办
如何转到支付宝
转发优惠券给朋友
转让订单可以吗
转换插头有货吗
转接头能用在我的手机上吗
快递转到哪了
转运中心在哪
转寄到公司可以吗
真人认证没通过
真人身份验证怎么弄
真人CS装备有货吗
真人同款项链有吗
真人秀周边有卖吗
仿真人偶多少钱
有几个人的帐篷
这个沙发能坐几个人
一个人能注册几个账号
一个人用多大的锅合适
有没有人买过这个颜色
个人信息在哪里改
收货人写错了怎么改
别人可以帮我签收吗
客服电话多少
你们的客服热线是多少
人工客服的工作时间
人工几点上班
客服上班时间是几点到几点
客服的邮箱地址
昨天客服说三天退款
上次客服让我等两天
刚才那个客服态度真好
客服回复很快，好评
不用转人工了
不要给我转人工
先不用人工
别转人工，你帮我查就好
我不想转人工，你直接告诉我就行
我没说要转人工
没必要转人工
你是真人吗？
你是人工吗
你是机器人还是人
机器人扫地机保修多久
学习机器人有现货吗
专人送货吗
工人手套有货吗
员工折扣怎么用
人公里怎么算
任工程师是谁
what is artificial intelligence good for
is this hand-made?
is this bag hand-made?
is this sweater handmade in italy
is it hand sewn
hand cream in stock
do you sell human hair wigs
human hair extensions price
human-sized teddy bear
humane mouse trap in stock
is the human skeleton model in stock
human anatomy poster
the agent at the airport lost my bag tag, do you sell spare ones
the agent said it would ship today
i talked to an agent yesterday and he promised a refund
your agent was very nice
how do i transfer money
bank transfer limit
can i transfer my balance to a friend
can i transfer my points
is a transfer free of charge
transfer to alipay
can another person sign for my parcel
can a friend collect my parcel
does somebody have to sign for it
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
travel agent discount
secret agent costume for kids
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
no need for a human, thanks
i don't want to talk to a person, just tell me
i didn't ask for an agent
live stream discount
live plants shipping
what does live tracking mean
is the robot lawn mower in stock
operating manual for the camera
chat sticker packs
talk time of the phone battery
speaker for my phone
support for ios 17
does the case support my phone
does this chair have lumbar support
manager chair with armrests
how much is the labour for installing it
work gloves for manual labour
""".strip().splitlines()

AS_ANSWERS = """
浙江省杭州市西湖区人工湖路12号3单元
寄到人民公园旁边的工人新村5栋
收货人改成任公子
里面的真人海报撕破了
跟人工养殖的珍珠不一样，是假的
客服说的颜色和收到的不一样
转角处的缝线开了
the doll's human hair falls out
the agent in the photo is blue, mine is red
it is not hand-made as described
wrong transfer print on the shirt
Persons Road 4, Building 2
LY20261103001 human body poster
LY20261103001, the agent in the photo is blue
人工草坪 59.90元
LY20261103001 人工皮的，不是真皮
no human please, LY20261103001
""".strip().splitlines()
