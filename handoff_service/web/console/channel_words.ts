import type { Language } from "../shared/protocol";

/** What an account of a channel must be told, in Chinese; names that platforms print in Latin letters stay. */
const ZH: Readonly<Record<string, string>> = {
  "where messages to customers are posted to": "发给客户的消息推送到的地址",
  "signs both directions": "双向签名用的密钥",
  "AppKey, which is also the robot's code": "AppKey（也是机器人的编码）",
  "another API server": "其他 API 服务器地址",
  "open_id of the merchant's account": "商家账号的 open_id",
  "act.…, good for 15 days": "act.…，有效期 15 天",
  "rft.…: renews the access token by itself; without it somebody gives a new one every 15 days": "rft.…：用来自动更新访问令牌；不填则每 15 天需要人工更新一次",
  "our address, as support@shop.example": "我们的邮箱，例如 support@shop.example",
  "how mails come: imap, mailgun, postmark, sendgrid or ses": "收信方式：imap、mailgun、postmark、sendgrid 或 ses",
  "smtps://host:465, or smtp://host:587 with STARTTLS": "smtps://主机:465，或 smtp://主机:587（STARTTLS）",
  "user there": "该服务器的用户名",
  "password there": "该服务器的密码",
  "imaps://host:993 (provider imap)": "imaps://主机:993（收信方式为 imap 时）",
  "Mailgun's HTTP signing key, SendGrid's public key, or Postmark's user:password": "Mailgun 的 HTTP 签名密钥、SendGrid 的公钥，或 Postmark 的 用户名:密码",
  "ARN of the SNS topic to which Amazon SES publishes mails": "Amazon SES 发布邮件的 SNS 主题的 ARN",
  "another SNS server": "其他 SNS 服务器地址",
  "proves that a mail answers one of ours": "用来确认来信是在回复我们的邮件",
  "yes: the mailbox takes support+anything@": "yes：邮箱支持 support+任意@ 这样的地址",
  "our mail server's name in Authentication-Results: what it finds of senders is shown to agents": "我们的邮件服务器在 Authentication-Results 里的名字，它对发件人的验证结果会显示给客服",
  "Encrypt Key of the events": "事件的 Encrypt Key",
  "https://open.larksuite.com for Lark": "Lark 请填 https://open.larksuite.com",
  "id of the sending number": "发送号码的 id",
  "id of the page or the Instagram account": "主页或 Instagram 账号的 id",
  "the app's id: answers of other apps are those of colleagues": "应用的 id：其他应用发出的回复算作同事的回复",
  "the permanent access token": "永久访问令牌",
  "the app's secret": "应用密钥",
  "typed in where the webhook is saved": "保存 Webhook 时要填的验证令牌",
  "another Graph API server": "其他 Graph API 服务器地址",
  "where answers are posted to, as JSON": "回复以 JSON 推送到的地址",
  "name of the event that carries messages": "携带消息的事件名",
  "where the sender's id stands in `data`, such as from.id": "发送者 id 在 `data` 里的位置，例如 from.id",
  "where the text stands in `data`": "正文在 `data` 里的位置",
  "where the sender's name stands in `data`": "发送者名字在 `data` 里的位置",
  "the channel secret": "频道密钥",
  "the long-lived channel access token": "长期有效的频道访问令牌",
  "the app's signing secret": "应用的签名密钥",
  "SharedKey, if webhooks are signed with it": "SharedKey（用它给 Webhook 签名时填写）",
  "our number, as +14155550100": "我们的号码，例如 +14155550100",
  "where failures are told, if not at the account's webhook": "接收失败通知的地址（不用账号的 Webhook 时填写）",
  "the bot's token from @BotFather": "@BotFather 给的机器人令牌",
  "given to Telegram with setWebhook": "用 setWebhook 告诉 Telegram 的密钥",
  "another Bot API server": "其他 Bot API 服务器地址",
  "spoken language, as zh-CN or en-US": "通话语言，例如 zh-CN 或 en-US",
  "Twilio's name of the voice, as Polly.Zhiyu": "Twilio 的嗓音名，例如 Polly.Zhiyu",
  "what callers hear first": "来电者首先听到的话",
  "how fast the voice reads, in percent of a usual one": "语速，占正常语速的百分比",
  "Token of the message push": "消息推送的 Token",
  "EncodingAESKey (43 characters)": "EncodingAESKey（43 个字符）",
  "the account of 微信客服, wk…": "微信客服账号，wk…",
  "Secret of the app that may call the interfaces": "可调用接口的应用的 Secret",
  "Token of the callback": "回调的 Token",
  "the account's access token": "账号的访问令牌",
  "AppID of the mini game or mini program, tt…": "小游戏或小程序的 AppID，tt…",
  "the name under which answers are shown": "回复时显示的名字",
  "pairs or values: what the signature is made of": "签名的计算方式：pairs（键值对）或 values（只用值）",
  "yes: the bot answers by reply tokens, outside the quota": "yes：机器人用 reply token 回复，不占用配额",
  "the app's id: by it answers of colleagues are told from ours": "应用的 id：据此区分同事的回复和我们的回复",
  "id of the page": "主页的 id",
  "instagram if the token is of an Instagram Login (app_secret is then the Instagram app secret), else facebook": "令牌来自 Instagram 登录时填 instagram（此时 app_secret 是 Instagram 应用密钥），否则填 facebook",
  "id of the Instagram account, which is `entry.id` of its webhooks": "Instagram 账号的 id，即 Webhook 中的 `entry.id`",
  "yes: closing a conversation ends WeCom's session": "yes：结束会话时同时结束企业微信的会话",
  "name of an approved template without variables, which agents may send when the window is closed": "已审核通过且不含变量的模板名，超过回复时限后客服可以发送",
  "its language, as zh_CN; otherwise en_US": "模板的语言，例如 zh_CN；不填则为 en_US",
};
const NOTES_ZH: Readonly<Record<string, string>> = { secret: "保密", optional: "选填", "made by Tandem when not given": "不填则由 Tandem 生成" };
const NOTED = /^(?<words>.*?)(?: \((?<notes>(?:secret|optional|made by Tandem when not given)(?:, [a-zA-Z ]+)?)\))?$/s;

/** What the server says that a field is, in the agent's language; what we have no words for stays as it is. */
export function fieldWords(explained: string, language: Language): string {
  const { words = explained, notes } = NOTED.exec(explained)?.groups ?? {};
  if (language !== "zh") return explained;
  const said = ZH[words] ?? words;
  return notes === undefined ? said : `${said}（${notes.split(", ").map((note) => NOTES_ZH[note] ?? note).join("，")}）`;
}

/** Whether a field is one that nobody may read over a shoulder. */
export const isSecret = (explained: string): boolean => (NOTED.exec(explained)?.groups?.notes ?? "").split(", ").includes("secret");

/** Whether there are Chinese words for these. */
export const isTranslated = (words: string): boolean => words in ZH;
