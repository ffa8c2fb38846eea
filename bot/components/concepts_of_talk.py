"""Concepts of talking: wishing, asking, greeting, agreeing, stopping, getting angry; Chinese pieces, English words."""

TALK: dict[str, tuple[str, str]] = {
    "wish": (
        "要|想|需要|希望|申请|办理|麻烦|请|劳驾|烦请|帮忙|协助",
        "want*|need*|wanna|like to|i'd like|i would like|please|pls|plz|kindly|wish|require|prefer|rather",
    ),
    "for_me": (
        "帮我|给我|替我|帮忙|帮下|帮着|给办|给弄|帮看|帮查|麻烦你|你给|帮帮",
        "can you|could you|would you|will you|help me|for me|give me|get me|let me|send me|have someone|make me|do it",
    ),
    "may_i": (
        "可以.*吗|能.*吗|能不能|可不可以|可否|能否|行吗|行不行|允许",
        "can i|could i|may i|am i|is it possible|do i|should i|must i|have to|possible to",
    ),
    "how": (
        "怎么|怎样|咋|如何|怎么办|方法|步骤|流程",
        "how|procedure|steps|way to|how to|how do|how can|how does",
    ),
    "what": (
        "什么|啥|哪些|哪个|哪种|哪里|在哪|哪儿|几|多少|为什么|为啥|为何|是不是|有没有|是否|区别|意思",
        "what|which|who|whose|why|where|what's|whats|what is|does|do you|are there|is there|is it|are you",
    ),
    "how_long": (
        "多久|几天|多长时间|什么时候|啥时候|何时|几点|几号|截止|期限|多少天|时间",
        "how long|when|how many days|until when|how soon|hours|deadline",
    ),
    "rule": (
        "规则|政策|条件|要求|手续费|费用|收费|运费|邮费|要钱|包邮|限额|限制|门槛|资料|材料|规定|标准|"
        "叠加|原因|一般|通常|哪些|自动",
        "policy|rule*|condition*|fee*|cost*|limit*|document*|original|allowed|free|benefit*|charge for|"
        "combine|per order|usually|in general|average|compensation",
    ),
    "is_question": (
        "吗|么|呢$|嘛|[?？]",
        r"\?",
    ),
    "not": (
        "不|没|别|无|未|勿|甭|非|否",
        "no|not|don't|dont|didn't|doesn't|isn't|won't|can't|cannot|never|none|nothing|neither|without|"
        "wasn't|aren't|haven't|hasn't|unable|refuse*",
    ),
    "me": (
        "我|本人|咱|俺",
        "i|i'm|i've|i'd|i'll|my|me|mine|we|our|us",
    ),
    "you": (
        "你|您|贵司",
        "you|your|you're|u|ur",
    ),
    "politely": (
        "您好|你好|请|谢谢|麻烦|劳烦|烦请",
        "please|kindly|would you|could you|may i|dear",
    ),
    "then": (
        "那|然后|接着|就|再",
        "then|now|so|next|anyway",
    ),
    "just_now": (
        "刚才|刚刚|刚|之前|先前|前面|上次|方才|上回|那个|以前|原来",
        "just|before|earlier|previous|last|original|a moment ago|from before|old|above",
    ),
    "later": (
        "以后|等会|稍后|回头|改天|下次|明天|一会|晚点|过会|再说",
        "later|another time|tomorrow|maybe|some other time|not now|for now|afterwards",
    ),
    "human": (
        "人工|zrg|转rg|rg$|^rg|真人|活人|客服|坐席|接线员|专员|工作人员|有人(?![在嗎吗])|来个人|叫人|个人|找人|换人|"
        r"真的人|仁工|人公|\b(?:anyone|anybody)\b(?!\s+(?:there|around|home|here)\s*(?:$|[?,.!]))",
        "human*|person|people|agent*|representative*|rep|reps|operator*|someone|somebody|"
        "staff|colleague|employee|csr|kefu|support|customer service|real|live|member of staff|"
        "customer care|advisor|helpdesk",
    ),
    "chief": (
        "经理|主管|领导|负责人|店长|组长|老板|管事|上级|总监",
        "manager|supervisor|boss|in charge|superior|team lead|director|lead",
    ),
    "connect": (
        "转|接|找|叫|换个人|换人|联系|呼叫|安排|对接|介入|沟通|聊|说话|跟",
        "connect|transfer*|speak*|talk*|chat|put through|put me|hand over|hand me|escalate*|switch me|"
        "reach|pass|bring in|take over|get hold|forward",
    ),
    "bot": (
        "机器人|机器|程序|人工智能|智能|自动回复|大模型|电脑|系统|虚拟|ai|bot",
        "bot|bots|robot*|machine|ai|a.i.|chatbot|automated|automatic|computer|program|software|"
        "artificial|gpt|chatgpt|model",
    ),
    "are_you": (
        "你是|您是|你叫|是不是|对面|跟谁|和谁|你能|你会|你有",
        "are you|you are|r u|who are|what are you|you're|am i talking|am i speaking|am i chatting|is this|your name",
    ),
    "about_you": (
        "功能|名字|称呼|几岁|多大|介绍|感情|谁呀|谁啊|你谁|做什么|干嘛|干什么|干啥|会什么|会啥|做哪些|"
        "怎么称呼|姓什么|贵姓|聪明|从哪来|哪里人|发明|谁做的|工作是什么|怎么工作|能干啥|能处理什么|"
        "能解决什么|懂什么|有什么用",
        "name|how old|feelings|yourself|capable|functions|what can you|what do you do|introduce|purpose|"
        "made you|created you|sleep|tired|who are|your job|your skills|where are you from|"
        "where do you live|created|programmed|siri|virtual assistant|gpt|call you|how do you work|"
        "how can you help|how smart|can you think|can you feel|can you learn|emotions|alive|a boss|"
        "help with",
    ),
    "authority": (
        r"12315|[打拨去找向跟到告上] ?12345(?! ?\d)|12345 ?(?:热线|投诉|举报|市长|政务|平台)|(?:hotline|call|dial|"
        r"ring) 12345(?! ?\d)|"
        "消协|消费者|工商|监管|报警|警察|派出所|起诉|律师|法院|法庭|法律|仲裁|公安|银保监|"
        "主管部门|告你|告到|维权|黑猫|检举",
        "sue|suing|court|lawyer|attorney|solicitor|legal|lawsuit|police|regulator|ombudsman|authorities|"
        "consumer|trading standards|ftc|bbb|better business bureau|chargeback|claims|disput*|watchdog|"
        "tribunal",
    ),
    "publicity": (
        "曝光|媒体|记者|微博|抖音|小红书|朋友圈|新闻|电视台|发帖|网上|发网|一星|热搜|315晚会",
        "expose|social media|twitter|facebook|press|newspaper|tv|television|viral|one star|"
        "reviews everywhere|go public|everyone knows|post this|reddit|youtube|journalist*",
    ),
    "leaving": (
        "再也不|这辈子|卸载|换别家|去别家|以后不|不会再|拉黑|最后一次|不续|不用你们|别家买",
        "never buy|never shop*|never again|uninstall*|competitor|lost a customer|losing me|elsewhere|"
        "last time|last purchase|taking my business|switching to|i'm gone|never use|amazon",
    ),
    "ultimatum": (
        "再不|不然|否则|后果自负|最后警告|小时内|今天之内|如果再|若今日|等着",
        "or i|if you don't|last warning|you have 24|by tomorrow|by friday|if this isn't|don't make me|"
        "wait until|unless",
    ),
    "insult": (
        "骗子|垃圾(?![桶袋箱篓分处])|傻|滚(?![动筒轮珠烫刷梯])|去死|[该找作]死|死全家|死开|死远|死妈|^死$|"
        "[都你他们]死|死(?:骗|人|机器|商|平台|客服|公司)|不得好死|[烦笨蠢坑恶][心]?死|恶心|废物|智障|脑残|白痴|蠢|"
        "猪(?:头|脑|队友|狗|一样|吗|啊|呀|都)|[是像群头蠢死]猪|猪$|狗(?:屎|屁|东西|日|腿|都|眼|贼)|[被是像走疯]狗|"
        "狗$|(?<![我她他你爸])妈的|操(?![作控场心持练])|"
        "无耻|不要脸|混蛋|王八|贱|神经|有病|"
        "人渣|流氓|强盗|坑|黑心|无良|[太真好破摆]烂|很烂|最烂|烂(?:公司|平台|店|货|人|服务|客服|系统|软件|透|东西|"
        "机器)|倒闭|良心|他妈|你妈|sb|tmd|nmsl|尼玛|草泥|撒比|笨|气死|气炸|受够|"
        "过分|去你|祖宗|缺德|畜生|狗屁|土匪|奸商|黑店|抢钱|明抢|抢劫|不去抢|破平台|破软件|破机器|破公司|"
        "破玩意|二货|没脑子|有毛病|变态|混账|败类|不是人|丢人|什么东西|什么玩意|什么鬼|快疯|忍不|"
        "忍无可忍|受不了|欺负|欺骗|欺人太甚|血汗钱|骗钱|骗人|吃相|脑子|沙雕|煞笔|闭嘴|火大|怒了|傻x|弱智|"
        "没人性|没良心|害人|吃人|"
        r"\b(?:trash|garbage)\b(?!\s+(?:can|bag|bin|cans|bags|bins|disposal|lid))|\b(?:your|my|an?|dumb) ass\b",
        "idiot*|stupid|fuck*|shit*|scam*|thie*|liar*|moron*|dumb|crook*|fraud*|con artist*|asshole*|"
        "bastard*|bitch|pathetic|disgusting|useless|worthless|incompetent|clown*|go to hell|the hell|in hell|"
        "suck*|shame*|hate|crap|damn you|damn bot|damn robot|damn machine|damn company|damn liars|damn shop|god damn|"
        "goddamn|wtf|stfu|rip-off|rip off|robbed|cheated|stole|bullshit|outrageous|"
        "unacceptable|ridiculous|furious|am angry|so angry|very angry|really angry|makes me angry|getting angry|"
        "screw you|screw this|screw them|screw off|shut up|what a joke|a joke of|are a joke|this a joke|"
        "you're a joke|worst|jerk|jerks|pig|pigs|loser*|cheater*|"
        "cheats|robber*|criminal*|swindler*|fool|fools|foolish|imbecile*|donkey*|dumbass|jackass|go die|drop dead|"
        "bankrupt|livid|disgusted|sick of you|can't stand|fed up|out of your mind|had enough|had it with|"
        "retarded|kidding me|terrible|horrible|awful|shameless|full of shit|full of crap|full of it|full of lies|"
        "eat shit|kiss my|rot|nobody cares|"
        r"fifth time|pissed|a scam|deaf|fck|f\*\*\*|sh\*t",
    ),
    "greeting": (
        "你好|您好|哈喽|哈罗|嗨|嘿|早上好|上午好|中午好|下午好|晚上好|晚好|早安|午安|在吗|在么|在不|在嘛|"
        "在线|喂|打扰|请教|咨询|亲|hello|hi|早啊|快乐|又来了|问下|问一下|有个事|有点事|大家好|各位好|"
        "新年好|周末好|节日|早呀|好久不见|又是我|求助|帮帮我|帮我个忙|帮个忙|有个问题|在不在|小助手|"
        r"\b(?:anyone|anybody) (?:there|here|home)\s*(?:$|[?,.!])",
        "hi|hello|hey|good morning|good afternoon|good evening|good day|morning|afternoon|evening|"
        "greetings|howdy|yo|hiya|sup|how are you|how's it going|anyone around|anybody around|quick question|ask you|"
        "ask something|a question|nice to meet|need help|need some help|gm|hallo|what's up|everyone|"
        "everybody|folks|dear sir|happy new year|happy holidays|happy friday|merry christmas|"
        "hope you are well|how are things|how do you do|i'm back|assistance|help me please|please help|"
        "i could use|can you help|could you help|hii|heyy|hai|ello|gm|it's me|problem",
    ),
    "farewell": (
        "再见|拜|回见|回头见|下次聊|下次再|走了|撤了|撤啦|先忙|晚安|88|886|告辞|先这样|到这|回聊|不聊|再会|"
        "下线|再聊|先走|明天见|到此|再会|后会有期|再来找你|改天见|下次见|有缘|我要睡|睡觉了|去上班|"
        "去吃饭|我要走|先走|闪了|先下|下了|关闭会话|结束会话|结束聊天|到这里|白白|掰|不聊|回见|聊到这|"
        "就到这",
        "bye*|goodbye|see you|see ya|see u|later|take care|good night|have a nice|have a great|"
        "have a good|have a wonderful|farewell|gotta go|got to go|got to run|got to dash|gtg|ttyl|"
        "cheerio|ciao|adios|leaving now|i'm off|that's all|that is all|nothing else|end chat|"
        "close the chat|take it easy|so long|cya|laters|speak soon|peace out|must go|have to go|"
        "have to leave|need to leave|need to go|i'm leaving|i'm out|leaving|g2g|until tomorrow|"
        "until next|until then|till next|sleep tight|sleep well|tata|bb|off to work|going to bed|"
        "have a lovely|have a lovely day|enjoy your day|lovely weekend|nice weekend|finish chat|"
        "stop chat|end of chat|close this chat|talk to you later|speak to you|catch you|cu|see u|"
        "that's everything|that's it for",
    ),
    "thanks": (
        "谢|感谢|感恩|感激|多谢|辛苦|帮大忙|点赞|好评|3q|thx|栓q|费心|有劳|你真好|你人真好|真棒|真贴心|"
        "服务真好|服务不错|服务很好|态度真好|好人|有心了|贴心",
        "thank*|thx|tnx|tks|ty|tysm|cheers|appreciate*|grateful|obliged|helpful|great job|good job|"
        "well done|you rock|the best|a star|ta|kind of you|bless|great service|good service|"
        "excellent service|nice service|great help|very kind|so kind|amazing|thks|thanx|ty",
    ),
    "yes": (
        "是的|对的|没错|好的|好呀|好吧|好嘞|好滴|可以|行|嗯|恩|确认|确定|同意|提交|当然|就是|没问题|成|"
        "ok|对对|对头|愿意|必须|中|是滴|办吧|正确|好|对|是啊|是呀|是它|是我|是我的|有的|有啊|想|要的|"
        "要要|需要的|恩恩|嗯哼|听你的|没错|听你|就这个|就它|欧克|无误|信息没错|照办|确认无误",
        "yes|yeah|yep|yup|ya|yea|ye|sure|ok|okay|okey|correct|right|exactly|absolutely|definitely|"
        "certainly|confirm*|submit|go ahead|do it|do that|agree*|accept|fine|alright|of course|indeed|"
        "true|sounds|proceed|send it off|affirmative|totally|you got it|very well|works for me|please do|"
        "that one|the one|aye|it is|i do|i am|i'm sure|go for it|let's do it|make it so|"
        "that would be great|good|great|perfect|cool|nice|roger|deal|kk|k|y|yas|mhm|uh huh|this one|"
        "that's it|that's me|works for me|that works|fine by me|for sure|si|okie|absolutely",
    ),
    "no": (
        "不要|不用|不是|不对|不行|不需要|没有|不了|不必|拒绝|不同意|不可以|别|都不|没那回事|哪有|不太|"
        "用不着|否|不想|不接受|不确定|没帮到|没用|答非所问|没解决|不好|不确认|不是我|没买|没下过|没呢|"
        "还没|木有|错的|错了|并不|绝对不|才不|别转|不管用|没帮助|还是不行|没提交|不好意思不|不愿意|"
        "没必要|不需要人工|别给我",
        "no|nope|nah|not|don't|never|wrong|incorrect|refuse|disagree|negative|none|neither|false|"
        "no thanks|no way|not really|rather not|not that|not mine|nay|not correct|not true|not solved|"
        "didn't help|without|n|noo|noooo|nop|not yet|not now|not quite|i don't think so|don't want it|"
        "don't want to|won't|it's wrong|that's wrong|isn't correct|isn't right|no human|no agent|no need|"
        "none of|still not|not fixed|no help|useless answer|do not|i didn't|not necessary|don't transfer|"
        "no bots",
    ),
    "solved": (
        "解决|搞定|弄好|好了|可以了|能用了|没事了|明白|懂了|清楚|知道了|会了|正常了|没问题了|收到了|"
        "到账了|找到了|妥了|成功了|了解|没了|完美|处理好|搞好|解答|没别的|没其他|没什么要问|帮到我|有用|"
        "到了|到货了|刚到|拿到了|登上去|能打开|懂啦|懂了|原来是|会弄了|会操作|有帮助|没有别的问题|"
        "没有要问|不用查了|不用管|成了|清楚了|恢复正常|好了",
        "solved|resolved|fixed|works|worked|working now|sorted|all good|all set|figured|found it|got it|"
        "that helped|i see|understand now|understood|makes sense|clear now|did the trick|that did it|"
        "good now|fine now|no more questions|no further|answered|i'm good|we're good|explains|managed|"
        "done|arrived|it arrived|has arrived|is here|i got|received it|have it now|found the answer|"
        "i found|worked it out|understand it|i understand|ah i see|oh i see|explains everything|"
        "helped me|helped a lot|was useful|no other question*|any more questions|nothing else|"
        "that's clear|that's what i|what i was looking for|all i needed|i did it|able to|"
        "no problem anymore|went away|is gone|is ok now|everything's fine|everything is|finally|"
        "money is there",
    ),
    "stop": (
        "算了|停|退出|不办|不弄|不查|不填|不搞|不退了|不换了|不改了|放弃|结束|中止|终止|打住|返回|主菜单|"
        "换个话题|从头|重新|不继续|先放|搁|不说|再想想|考虑|聊点别的|说别的|别的事|别问|先不|不玩了|不想|"
        "不用退|不用改|不用换|不用开|不用办|不开了|不投诉了|先停|快停|跳过|略过|回首页|回主页|上一级|"
        "改主意|中断|重头|不申请|不退款|不注销了|到此为止|问别的|换个问题|问点别的|有别的事|取消操作|"
        "取消这次|取消吧|那算|明天再弄|等等再说",
        "stop|never mind|nevermind|nvm|forget it|forget|quit|exit|abort|leave it|drop it|drop this|"
        "let's not|give up|enough|main menu|start over|restart|reset|beginning|something else|"
        "change of topic|different topic|skip|don't want to|too much|too long|think about it|"
        "too complicated|hassle|stop this|end this|another time|later|go back|changed my mind|"
        "cancel that|cancel this|cancel the process|cancel the form|cancel the request|don't bother|"
        "don't continue|do not continue|not interested|no longer interested|rather not continue|skip|"
        "another topic|other topic|change the subject|different question|from scratch|home|menu|"
        "begin again|i want out|get me out|leave this|leave the form|close this form|end the process|"
        "end it|let it be|let it go|not doing this|maybe later|some other time|think it over|anymore|"
        "any more|no refund then|not now",
    ),
    "resume": (
        "继续|接着|刚才那|回到|说回|没弄完|没办完|没填完|到哪了|到哪一步|往下|下一步|恢复刚才|正题|再来|"
        "完了|还没完|刚才停|刚才说到|说到哪|中断的|之前的操作|前面那个|没走完|jixu",
        "continue|resume|carry on|go on|keep going|back to|where were we|leave off|left off|"
        "pick up where|finish|next step|proceed with|get back|where did we|move on|take up|complete it|"
        "keep on|on with|stopped|we started|we began|go on from|as i was saying|we weren't done|"
        "not done with|didn't finish|previous task|i'm back|go on with|form we left|we left|thing again|"
        "so about that|earlier request|where did we stop|the refund we|the thing from",
    ),
    "undo": (
        "撤销|撤回|撤消|恢复|还原|改回|回退|变回|收回|反悔|后悔|撤下|撤诉|彻销|上一步|退一步|前一步|原样|改回去|改回来",
        "undo|step back|one step|a step|previous step|last step|revert|reverse|restore|take back|take that back|"
        "withdraw*|retract|reinstate|uncancel|"
        "un-cancel|put back|put it back|bring back|change it back|roll back|back to what it was|keep my|"
        "keep it after all|original",
    ),
    "by_mistake": (
        "点错|误|手滑|不小心|按错|提交错|太快|操作错",
        "by mistake|by accident|accident*|wrong button|mistake|didn't mean|misclick*|too fast",
    ),
    "i_meant": (
        "我说的是|我是说|我指的|我的意思|应该是|该是|不是.*是|说错|打错|写错|填错|搞混|弄错|搞错|理解错|"
        "误会|记错|看错|更正",
        "meant|mean|i was talking|should be|should have|correction|typo|mistyped|misunderstood|not the|"
        "the other one|actually|sorry|oops|whoops|wrong number|mixed|hang on|wait|no no|slip",
    ),
    "dont_know": (
        "不知道|不记得|忘了|找不到|想不起|不清楚|没有单号|不在手边|看不到|删了|丢了|没印象|没存|"
        "没收到单号|忘记了|没有订单号",
        "don't know|don't remember|can't find|can't remember|no idea|forgot|lost the|don't have it|"
        "deleted|isn't at hand|not sure|dunno|no clue|don't have one|no order number|never got a number|"
        "i forgot",
    ),
    "i_am": (
        "我叫|我姓|收件人是|名字|抬头|姓名|我是|是我老婆|名字买",
        "my name|name is|recipient is|surname|i am called|the name|the company is|under my",
    ),
    "other_topic": (
        "天气|笑话|股票|电影|做饭|红烧|世界杯|作文|新闻|几号|人工智能|手工|人造|皮革|招聘|招人|上市|公司|"
        "批发|代理|入驻|加盟|保修|维修|密码|昵称|会员|积分|充电|电池|尺码|正品|实体店|包邮|赠品|有货|"
        "现货|打折|活动|降价",
        "weather|joke|stock|movie|cook|poem|football|made of|handmade|hand-made|leather|hiring|job*|"
        "company|wholesale|warranty|password|nickname|points|battery|in stock|sale|waterproof|genuine|"
        "gift wrap|membership|robot vacuum|recommend|anatomy|wig|extension*|artificial|customs|"
        "commission|tent|chair|manual|opening hours|service hours|app",
    ),
    "part_of_day": (
        "早上|上午|中午|下午|晚上|傍晚|点以后|下班|白天|工作日|周末|方便",
        "morning|afternoon|evening|noon|night|mornings|weekdays|after work|pm|am|o'clock|any time|anytime",
    ),
    "number_word": (
        "两件|三个|第一|第二|一件|两个|三件|一个|几件|都是",
        "both|first one|second one|two items|three of|just one|only one|two|three|first|second",
    ),
    "trouble": (
        "失败|打不开|收不到|绑不上|被锁|被盗|忘了|忘记|不了|出问题|有问题",
        "failed|fails|locked|hacked|forgot|can't link|can't log|doesn't work|something is wrong|"
        "i don't get|problem|issue",
    ),
    "company": (
        "你们公司|你们是|你们做|你们卖|你们招|老板是谁",
        "are you a|are you part|are you the|are you listed|are you hiring|are you recruiting|"
        "are you selling|are you shipping|are you open|your company|your ceo|what company|your products|"
        "your shares|your store",
    ),
}
