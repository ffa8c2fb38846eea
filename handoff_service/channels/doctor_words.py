"""What the doctor says of an account, in Chinese and English. Pure."""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "off": {"zh": "账号已停用，请先启用。", "en": "The account is switched off; `enable` it."},
    "field_missing": {
        "zh": "缺少字段 `{name}`。",
        "en": "The field `{name}` is missing: {explain}.",
    },
    "secret_missing": {
        "zh": "缺少密钥 `{name}`。",
        "en": "The secret `{name}` is missing: {explain}.",
    },
    "field_odd": {
        "zh": "字段 `{name}` 的格式不对。",
        "en": "The field `{name}` does not look like one: {explain}.",
    },
    "secret_odd": {
        "zh": "密钥 `{name}` 的格式不对。",
        "en": "The secret `{name}` does not look like one: {explain}.",
    },
    "rotating": {
        "zh": "新旧两组密钥都有效；全部换成新密钥后，请停用旧密钥。",
        "en": "Two generations of secrets are valid; end the older one with `rotate --finish` when all use the new.",
    },
    "silent": {
        "zh": "还没有收到过任何消息。{platform} 那边保存 Webhook 地址了吗？",
        "en": "Nothing has come yet. Is the webhook saved at {platform}?",
    },
    "heard": {"zh": "最近一次消息：{at}。", "en": "The last event came at {at}."},
    "failing": {"zh": "发送失败：{reason}", "en": "Deliveries fail: {reason}"},
    "failing_since": {"zh": "自 {since} 起发送失败：{reason}", "en": "Deliveries fail since {since}: {reason}"},
    "token_ended": {
        "zh": "访问令牌已于 {at} 到期，请获取新的令牌并更换密钥。",
        "en": "The access token ended at {at}; get a new one and `rotate` it.",
    },
    "token_ends": {
        "zh": "访问令牌将于 {at} 到期，请在此之前更换。",
        "en": "The access token ends at {at}; renew it before.",
    },
    "token_lasts": {"zh": "访问令牌有效至 {at}。", "en": "The access token is good until {at}."},
    "token_unknown": {
        "zh": "不知道访问令牌何时到期，请填写到期日，以便提前提醒。",
        "en": "Nobody has said when the access token ends; give its end (`--token-until`) to be warned before.",
    },
    "refresh_lasts": {
        "zh": "访问令牌会自动续期；刷新令牌有效至 {at}，到期前会自动更换，平台允许更换的次数有限。",
        "en": "The access token is renewed by itself. What renews it is good until {at} and is prolonged before, as "
        "often as the platform allows.",
    },
    "refresh_is_last": {
        "zh": "平台不再更换刷新令牌，自动续期到 {at} 为止；请在此之前让商家重新授权，并更换两个令牌。",
        "en": "What renews the access token ends at {at} and the platform does not prolong it again; have the merchant "
        "authorise the app anew before, and `rotate` both tokens.",
    },
    "refresh_ended": {
        "zh": "刷新令牌已于 {at} 失效，访问令牌不再自动续期；请让商家重新授权，并更换两个令牌。",
        "en": "What renews the access token ended at {at}: it is not renewed any more. Have the merchant authorise the "
        "app anew, and `rotate` both tokens.",
    },
    "windows": {
        "zh": "{opened} 位客户现在可以主动回复；{closed} 位要等客户再发消息才能回复。",
        "en": "{opened} contacts may be written to now; the window of {closed} is closed until they write again.",
    },
    "clock_ahead": {
        "zh": "我们的时钟比平台快 {seconds} 秒，请校时（NTP）。相差五分钟时，带签名的请求会被拒绝。",
        "en": "Our clock is {seconds} s ahead of the platform's; set it (NTP). Signed requests are refused at five "
        "minutes.",
    },
    "clock_behind": {
        "zh": "我们的时钟比平台慢 {seconds} 秒，请校时（NTP）。相差五分钟时，带签名的请求会被拒绝。",
        "en": "Our clock is {seconds} s behind the platform's; set it (NTP). Signed requests are refused at five "
        "minutes.",
    },
    "clock_right": {"zh": "我们的时钟与平台一致。", "en": "Our clock agrees with the platform's."},
    "keys_untried": {
        "zh": "这个平台没有不发消息就能验证密钥的办法。",
        "en": "The platform cannot be asked about the keys without sending something.",
    },
    "keys_refused": {
        "zh": "{platform} 不接受我们的密钥：{reason}",
        "en": "{platform} does not take our keys: {reason}",
    },
    "keys_missing": {
        "zh": "缺少字段 {field}，无法验证密钥。",
        "en": "The keys cannot be tried: the field {field} is missing.",
    },
    "keys_taken": {"zh": "{platform} 接受我们的密钥。", "en": "{platform} takes our keys."},
    "remark": {"zh": "{platform} 提示：{words}", "en": "{words}"},
    "no_app_id": {
        "zh": "未填写 app_id：同事在其他应用里的回复识别不出来，机器人会和同事抢话。",
        "en": "Without app_id answers of colleagues in other apps are not seen: the bot talks over them.",
    },
    "other_account": {
        "zh": "令牌属于 {found}，而 page_id 填的是 {given}：这样收不到任何消息。",
        "en": "The token is of {found}, page_id is {given}: nothing would be read.",
    },
    "never_live": {
        "zh": "实验性渠道，尚未在真实平台上验证：请发一条消息给机器人，确认能收到回复。",
        "en": "Experimental: never tried live. Send one message to the bot, and look whether the answer comes.",
    },
    "token_untried": {
        "zh": "应用密钥有效；access_token 只有在发消息时才能验证。",
        "en": "The keys of the app are right; its access token can only be tried by sending a message.",
    },
    "not_set": {
        "zh": "尚未用本账号的地址调用 setWebhook。",
        "en": "setWebhook has not been called with this account's address.",
    },
    "low_rating": {
        "zh": "WhatsApp 对该号码的评级为 {rating}，发送可能受限。",
        "en": "WhatsApp rates the number {rating}: it may be limited.",
    },
    "no_signing_key": {
        "zh": "没有 `signing_key`，所有邮件都会被拒收。",
        "en": "Without `signing_key` every mail is refused.",
    },
    "no_topic": {
        "zh": "没有填写 `topic`（SNS 主题的 ARN），所有邮件都会被拒收。",
        "en": "Without `topic`, the ARN of the SNS topic, every mail is refused.",
    },
    "webhook_local": {
        "zh": "{address} 不是公网上的 https 地址，平台无法推送到这里（TANDEM_GATEWAY_URL）。",
        "en": "{address} is not https: on the internet, where platforms post to (TANDEM_GATEWAY_URL).",
    },
    "webhook_unreachable": {
        "zh": "无法访问 {address}：{error}。",
        "en": "{address} cannot be reached: {error}.",
    },
    "webhook_foreign": {
        "zh": "{address} 返回 {status}，那里运行的不是本系统。",
        "en": "{address} answers {status}: something else stands there.",
    },
    "webhook_answers": {"zh": "{address} 可以访问。", "en": "{address} answers."},
}


class Remark(str):
    """What an adapter itself has to say of an account, in English; `zh` is the same in Chinese."""

    zh: str


def remark(key: str, **parts: object) -> Remark:
    """The sentence in both languages."""
    said = Remark(in_words(key, "en", **parts))
    said.zh = in_words(key, "zh", **parts)
    return said


def in_words(key: str, language: str, **parts: object) -> str:
    """The sentence with its blanks filled."""
    return WORDS[key][language].format(**parts)
