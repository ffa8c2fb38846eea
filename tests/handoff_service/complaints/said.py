"""What customers write who threaten to report us, and who do not; nobody's real messages."""

THREATS = """
    我不想投诉但你们逼我报警
    you can't stop me from suing you
    I don't want to sue you but I will report you to the ombudsman
    我不要退款我要起诉
    不退款就起诉
    我将向监管部门反映
    you have 24 hours before i file a lawsuit
    i'm gonna take you guys to court
    今天再不退我就去起诉
    我这就去报案
    我朋友是记者，我让他曝光你们
    再骗人我就上12345
    你们等着被起诉吧
    我会去市场监督管理局投诉
    不退款就法庭见
    我不会放过你们，我要告你们
    谁说我不会投诉的，我已经投诉到消协了
    别逼我去举报你们
    只能走法律程序了
    我要投诉你的态度
    I'm calling the police if this isn't refunded
    I will take the matter to court
    don't make me sue you
    I have hired a lawyer
    I'm suing your company
    I've already reported this to Trading Standards
    you leave me no choice but to go to court
    then I'll go to the press
    If you don't refund me I will sue
    再不退钱我就去12315投诉
    我要去法院告你
    我已经报警了
    我现在就报案
    我会向消费者权益保护委员会反映
    我要上12345
    我要在小红书上曝光你们
    我要找电视台
    等着收律师函吧
    你们等着吃官司
    我去市场监督管理局告你们
    I will report you to the authorities
    You will hear from my lawyer
    I'll dispute this with my bank
    I'm contacting the BBB
    I will call the police
    I'm going to the police
    I'll see you in small claims court
    expect a lawsuit
    I'll sue
    I'm going to court
    going to the newspapers with this
    我要起诉
    我会保留追究法律责任的权利
    向工信部投诉
    I'm taking you to court
    I'll be filing a chargeback
    how can you treat me like this, I will report you to the ombudsman
    怎么可以这样！我要投诉12315举报你们
    如何让我相信你们？我已经投诉到消协了
    你们怎么能这样 我去起诉你们
    可以啊，那我报警
    能不能快点？不然我就投诉到12315
    where can I get a human? I will report you to Trading Standards
    怎么能这样，我要举报你们！
    可以，那我举报你们
    我可以起诉你们的
    哪里有你们这样的店，举报你们了
    能不能快点，不然我投诉到12315
    How do you dare? Where would I report you? I will sue you tomorrow
    你别逼我报警
"""

NO_THREATS = """
    消费者协会电话是多少
    我不打算投诉，就想问问
    投诉已经处理好了，谢谢，不追究了
    你们公司的律师函模板在哪下载
    我要买一本关于消费者权益的书
    送到法院路12号
    我不想闹到打官司
    别告诉我律师费要自己出
    我只是想知道怎么举报卖假货的店
    我可以投诉快递员吗
    请问能报警吗？
    我在市场监管局上班，想开发票
    I am not threatening to sue, I just want a refund
    do I need a lawyer to sign for it?
    I won't report you, don't worry
    Is the police costume in stock?
    my attorney needs the invoice by Friday
    no need for legal action, all solved
    I work at the FTC
    can I post this on Instagram?
    他说没想过要起诉
    告诉你们一个好消息
    请问12315是你们的客服电话吗
    我是律师，想买一台电脑
    我的律师证丢在快递里了，能帮我找吗
    订单编号 12315 什么时候发货
    我住在工商局旁边，地址写市场监管局宿舍3号楼
    麻烦送到消费者协会大楼前台
    我要投诉到底要多久处理
    我不会去告你们的，放心
    我就报警器的问题咨询一下
    我没有要举报你们的意思
    不用打官司，好好解决就行
    退款投诉到哪一步了
    谢谢，投诉到此为止，我撤销
    你们卖的录音笔适合律师用吗
    送货地址：市监局家属院2栋
    The FTC store cap size M please
    my lawyer friend loves this lamp
    Our solicitor needs the invoice for the company
    I don't want to sue you, just want my money
    please deliver to BBB Street 5
    I got a chargeback notice from my bank, what happened?
    I'm going to report this to my boss so he can order ten more
    post it on Facebook contest page - do I win?
    I'm not going to take legal action, thanks for solving it
    filing a report to my insurance, I need the invoice
    Trading Standards certificate for this toy?
    consumer rights booklet was missing in the box
    I will file a complaint with DHL, not you
    我们律师事务所要开发票
    我要投诉快递员到你们平台
    我的律师函收到了吗,这本书叫律师函
    我要投诉你家快递员小王，他人很好但丢件了
    我不是要投诉你
    我不会投诉你的
"""


def lines(block: str) -> list[str]:
    """The messages of a block."""
    return [line.strip() for line in block.strip().splitlines()]
