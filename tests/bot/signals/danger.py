"""What somebody in danger writes, by kind, and what only sounds like it. Labelled by hand; nobody's real messages."""

DANGER = {
    "self_harm": """
        我不想活了
        活着没意思，想结束自己的生命
        钱都没了，我只想死
        再不退钱我就从你们楼上跳下去
        我准备跳楼了
        我刚刚吞了一瓶安眠药
        我已经写好遗书了
        我控制不住想自残
        真的活不下去了
        不如死了算了
        I want to kill myself
        I don't want to live anymore
        i am thinking about suicide
        there is no reason to live
        i wanna die
        I feel like ending my life over this debt
        I keep hurting myself
        everyone would be better off dead without me, i mean me
        自殺算了
        我把药全吞了
        我刚吃了一整瓶安眠药
        没有我大家会更好
        活着太累了，永别了
        i have taken all the tablets in the house
        I just want to end it
        i don’t want to be around any more
        there is no point going on
        they are better off without me
        我活够了
        我准备了一瓶安眠药，今晚就走
        I have a bottle of pills in my hand and I'm going to take them
        我活腻了
        I can't do this anymore, I just want to disappear
        I'm going to swallow all these pills tonight
    """,
    "medical": """
        孩子误吞了玩具里的电池
        我爸用了按摩仪以后胸口很疼
        老人突然昏倒了怎么办
        他喘不上气了
        用了面膜严重过敏，脸都肿了
        被你们的热水壶烫伤了
        我妈吃了你们的蘑菇中毒了
        手被碎玻璃割得血流不止
        需要叫救护车吗，我老婆晕倒了
        插插座的时候触电了
        My son swallowed a battery from the toy
        my father is having a heart attack
        I can't breathe after using this spray
        she is unconscious
        he won't stop bleeding, the glass broke
        severe allergic reaction to your cream
        the heater burned my hand badly
        My baby is choking on a part of the toy
        i got an electric shock from the charger
        we had to call an ambulance because of your product
        女儿吞了一颗磁铁会有事吗
        狗喝了你们的清洁剂
        嘴唇和舌头肿了
        我妈倒在地上叫不醒
        老人昏倒了沒有呼吸
        my toddler drank the drain cleaner, is it poisonous?
        my lips and tongue are swelling
        my dog ate the magnets
        my grandfather just collapsed
        she isn’t breathing
        如果孩子误吞了电池怎么办，他刚吞了一颗
        孩子刚刚误吞了一颗纽扣电池，怎么办
    """,
    "fire": """
        充电宝着火了
        充电器在冒烟
        你们的电热毯烧起来了！
        电池刚刚爆炸了
        厨房着火了，是你们的电饭煲
        家里燃气泄漏
        the charger caught fire
        my power bank exploded last night
        there is smoke coming out of the socket
        help, my kitchen is on fire
        the battery burst into flames
        I smell gas since you installed the stove
        行動電源著火了
        電池在冒煙
        手机电池鼓包发烫
        厨房闻到很重的煤气味
        瓦斯外洩
        电动车自燃
        there is smoke everywhere from the toaster
        the battery is hissing and swelling
        strong smell of gas in the flat
        the scooter spontaneously combusted
    """,
    "police": """
        快递员在打我
        有人闯进我家了
        送货的拿着刀威胁我
        我被绑架了
        骑手性骚扰我
        有人尾随我到家门口
        门口有人持刀
        刚才被抢劫了
        the courier assaulted me
        someone is breaking in
        a man with a knife is at my door
        I'm being followed by the driver
        your driver threatened to kill me
        we are being robbed
        i am locked in, he locked me in
        someone broke into my house while I was on the phone
        有人拿刀堵在门外
        家里进贼了
        骑手一直跟踪我
        前男友威胁要弄死我
        有人撬门
        your driver keeps stalking me
        a man is outside my door threatening me
        somebody is in my house
        he pulled a knife on me
        they said they would burn my house
    """,
    "legal": """
        我收到法院的传票了
        公安找我调查这笔订单
        我想要法律咨询
        我的账户被公安冻结了
        收到你们发来的律师函
        这算不算违法
        I received a summons about this order
        the police contacted me about a parcel
        I need legal advice
        there is a court order about my account
        is this illegal?
    """,
    "violence": """
        今晚去砸了你们店
        I want to punch the driver
        burn your shop to the ground, I will
        我要弄死那个快递员
        我现在就去你们公司砍人
        信不信我拿刀去你们店里
        我要炸了你们仓库
        我找人打断你们客服的腿
        不退钱我就去你们公司放火
        我要跟你們同歸於盡
        I'm going to kill you people
        i will shoot up your office
        i'm coming to your warehouse with a knife
        i'll burn your building down
        i am going to beat up the courier when he comes
        there will be blood if you don't refund me
        你们再逼我要杀人了
        别逼我，逼急了我要杀人
        气急了，真想杀人全家
        恨得我想杀人放火
        明天我去你们总部点把火
        小心我放火
        信不信我找人做了你
        我会让你们付出血的代价
        我要跟你们拼命
        I will slit your throat
        I feel like killing someone at your shop
        I'll blow up your headquarters
        I will kill your back office staff
        等我找到你，砍死你
        我今晚就去你们店里放一把火
        我要弄死你们经理
        老子要宰了你们全家
        信不信我叫人收拾你
        小心我去砍人
        我要让你血债血偿
        我跟你们拼了，不活了
        我带汽油去你们公司门口
        我剁了你的手
        别逼我去杀人
        我真想捅死那个骑手
        I'm gonna burn your house down
        I'll find you and stab you
        I will kill every one of you
        we are going to shoot up your store
        I'll break your legs
        I swear I'll murder your manager
        I'm coming with a gun to your office
        I know where your kids live
        你给我小心点，我知道你家住哪
    """,
    "fraud": """
        我被骗了
        我好像被骗了，怎么办
        我好像被诈骗了，刚刚转了五万
        我刚给骗子转了钱，能追回来吗
        有人冒充你们客服让我转账，我已经转了
        骗子让我把验证码给他，我给了
        我的账户正在被盗刷
        有人在用我的卡刷钱
        錢包裡的錢被人轉走了
        我妈被骗子骗了，正在银行汇款
        收到退款链接点进去填了银行卡，钱没了
        I've been scammed
        someone pretending to be you made me transfer money
        a scammer has my verification code
        my account is being drained right now
        someone is using my card as we speak
        I just gave my card details to a fake site
        they told me to move my money to a safe account and i did
        my mum is on the phone with a scammer
        i got tricked into sending money
        担心的事发生了，我妈被骗了两万
        小心点，我被诈骗两万怎么办
        以防你们不知道，我被骗了三万
        我把验证码告诉了一个自称你们客服的人
        我爸被骗了八万块
        我把密码给了一个冒充银行的人
        I gave the code to a caller who said he's from your shop, my money is gone
    """,
}

HARMLESS = """
    你们杀了我的心情
    你们砍了我两单
    这个价格要我命
    这个价格要人命啊
    笑死我了
    累死了，查个订单这么难
    急死我了，快递到哪了
    我都快气死了
    等得我想死
    想死你们家的蛋糕了
    手机老是死机怎么办
    死活登不上去
    你们的保温杯太火爆了，什么时候补货
    这款最近火了
    上火能吃这个吗
    火锅底料有货吗
    灭火器有卖吗
    烟雾报警器怎么安装
    防火门多少钱
    充电宝会爆炸吗
    这个电热毯会不会着火
    爆炸盐怎么用
    信息爆炸的时代
    跳楼价还有吗
    大甩卖，真是大出血价
    剧本杀的票可以退吗
    秒杀几点开始
    这刀能杀价吗
    电脑中毒了，会影响我的账号吗
    这么贵简直抢劫
    急救包什么时候发货
    房贷压力让我喘不过气，能分期吗
    打我电话吧
    请打我手机
    帮我跟踪我的包裹
    东西不错，就是等得要命
    被打了八折怎么没算
    优惠券被抢光了
    送货入室吗
    这双鞋防割吗
    拿刀划开箱子的时候划坏了衣服
    救命，我的优惠券不见了
    杀毒软件的激活码呢
    心都死了，你们的客服
    死心了，不退就不退吧
    安眠药多少钱
    个人质量问题
    体重秤显示错误
    火车票能用券吗
    电击棒有卖吗
    killer deal
    that's a killer price
    my phone died
    the battery is dead
    my laptop died after a week
    a dress to die for
    i'm dying to know when it ships
    die hard blu-ray
    this price gave me a heart attack
    shipping is killing me
    the wait is killing me
    i need to kill time until it arrives
    is the fire stick in stock
    fire sale prices
    do you sell fire extinguishers
    smoke detector warranty
    gas leak detector in stock?
    you guys are on fire today
    kindle fire case
    this is daylight robbery
    my inbox exploded with your newsletters
    mind blown by the quality
    can this battery explode
    will it catch fire if i leave it charging
    is this plant poisonous
    choking hazard label on the toy
    knife set delivery
    water gun for kids
    does the set come with a knife
    i want to end my subscription
    break in period of the shoes, i am breaking in new boots
    suicide squad dvd
    murder mystery game
    over my dead body will i pay that fee
    dead on arrival, the screen never lit up
    blood pressure monitor manual
    my account is dead
    first aid kit return
    shot glasses broke
    heat gun warranty
    dead pixels on the monitor
    how do i return a knife
    i was floored by the price
    the speaker is smoking hot value
    is smoking allowed in the pickup store
    it's a crime how good this coffee is
    police costume for kids
    lawyer gift mug
    cut the box open and the shirt was cut
    i could die of embarrassment, wrong address again
    is this legal to import
    lawyer costume
    battery died
    dead pixel
    刀具套装多少钱
    kitchen knife order
    烟花能寄吗
    smoke grey colour
    gas stove order
    swelling of the wood
    跟你们一起烟花晚会
    有煤气灶卖吗
    热水器打不着火
    你们这是变相抢劫
    轮胎漏气
    呼吸灯不亮，没有呼吸灯
    帮我砍一刀
    打死我也不买
    嗓子都冒烟了
    the subscription, i want to end it
    the machine swallowed my coins
    the shelf collapsed
    your ads are following me
    the touchscreen is unresponsive
    i do not want to be here all day
    bath bombs in stock
    笑死我了
    优惠快结束了
    我不想醒太早，能晚点送吗
    你杀了我吧这么慢
    气得我想杀人
    怎么识别诈骗短信
    如何防止被骗
    你们是不是骗子
    骗我说今天到
    感觉被骗了，衣服跟图片不一样
    账号被盗了怎么找回
    盗刷险赔多少
    安全账户是什么
    转账转错了怎么办
    买家秀骗人，被骗过好多次
    天台用的遮阳伞
    汽油发电机有货吗
    砍一刀帮我
    how do i avoid scams
    is this email from you a scam
    i feel scammed, the shirt is not like the picture
    your company is a scam
    what if i get scammed on here
    do you have fraud protection
    can you beat the price of the other shop
    shoot me an email
    i will kill your ratings
    i would kill for that bag
    where is my money being transferred from
    kill my subscription
    that joke killed me
    我打断你一下，客服
    我一定废了半天劲才找到客服
    我真的要打死那只蟑螂，你们的药没用
    老板我一定捅不破这层膜，你教我
    剁手节我要剁了你们的优惠券
    店里搞活动血洗双十一
    这游戏里我要杀了他
    带刀去公司切蛋糕
    I could kill you guys lol
    I'd murder someone for this cake
    I will break your store record
    I'm going to beat your driver to the door
    coming to the store with my gun safe
    我打断他一下，让我先说
    杀价杀得我心疼
    快把老板叫来，我要跟他砍价
    我找人打你们客服热线都占线
    这把枪是玩具，带去公司玩
    我恨不得买下你们的店
    我们公司活动跟你们拼了，全场五折
    他打游戏要杀人才能升级
    我想在店里点把香
    把我的手剁了也要买这个包
    这蛋糕好吃到我愿意为它杀人
    我担心被骗，这个链接是真的吗
    万一被骗了怎么办
    怎么样才能不被骗钱
    孩子如果误吞了会怎么样
    I'll beat you to the checkout haha
    I could shoot them a message
    we will smash the sales target this month
    I'm dying to beat her score
    I'd kill for one of those jackets
    I will burn the house candle tonight
    I'm going to the store with my knife block to exchange it
    I want to disappear into this cosy sofa
    killing it today guys
    看起来像骗子，但我没转钱
    这个香薰点着冒烟正常吗
    电视剧里他说同归于尽，这集看不了
    I want to hit the driver with a five star rating
"""


def lines(block: str) -> list[str]:
    """The messages of a block."""
    return [line.strip() for line in block.strip().splitlines()]
