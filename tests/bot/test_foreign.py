"""Languages that customers write and the bot does not speak: known, answered in them, a person one step away."""

import pytest

from bot.hearing.foreign import LANGUAGES, asks_for_person, language_of
from bot.language import other_script
from tests.bot.gateway import Bot, Chat

QUESTIONS = {
    "es": "Hola, quiero devolver un producto, ¿cuánto tarda?",
    "fr": "Bonjour, où est ma commande ? J'ai payé il y a cinq jours.",
    "de": "Wann kommt mein Paket an? Ich warte seit einer Woche.",
    "pt": "Quero cancelar meu pedido",
    "it": "Vorrei un rimborso, il prodotto è rotto",
    "vi": "Đơn hàng của tôi đâu rồi?",
    "id": "Kapan pesanan saya sampai?",
    "tr": "Siparişim nerede, iade istiyorum",
    "ja": "注文した商品がまだ届きません。いつ届きますか？",
    "ko": "주문한 상품이 아직 안 왔어요",
    "ru": "Где мой заказ? Уже неделя прошла",
    "ar": "أين طلبي؟",
    "th": "สินค้าของฉันอยู่ที่ไหน",
    "hi": "मेरा ऑर्डर कहाँ है?",
}
ASKING = {
    "es": "¿Puedo hablar con una persona?",
    "fr": "Je voudrais parler à un conseiller",
    "de": "Ich möchte mit einem Mitarbeiter sprechen",
    "pt": "Quero falar com um atendente",
    "it": "Posso parlare con un operatore?",
    "vi": "Tôi muốn gặp nhân viên",
    "id": "Saya mau bicara dengan petugas",
    "tr": "Müşteri temsilcisi istiyorum lütfen",
    "ja": "オペレーターにつないでください",
    "ko": "상담원 연결해 주세요",
    "ru": "Позовите оператора",
    "ar": "أريد التحدث مع موظف",
    "th": "ขอคุยกับเจ้าหน้าที่",
    "hi": "मुझे किसी इंसान से बात करनी है",
}


def test_every_language_has_its_examples() -> None:
    assert set(QUESTIONS) == set(ASKING) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_known_and_asking_in_it_is_heard(language: str) -> None:
    for text in (QUESTIONS[language], ASKING[language]):
        assert language_of(text) is LANGUAGES[language]
    assert asks_for_person(ASKING[language])
    assert not asks_for_person(QUESTIONS[language])


@pytest.mark.parametrize(
    "text",
    [
        "kuai di dao le ma", "wo yao zhao ren", "wo zu de dian", "per person limit", "hallo", "café order status",
        "my pedido is late", "这个の东西多少钱", "LY20261103001", "where is my order", "jacket in rosé", "ok", "",
    ],
)  # fmt: skip
def test_chinese_pinyin_and_english_are_not_taken_for_it(text: str) -> None:
    assert not other_script(text)


@pytest.mark.parametrize("language", ["fr", "ja", "ru"])
def test_the_answer_is_in_the_customers_language_and_offers_a_person(bot: Bot, language: str) -> None:
    """First both ways on, then, asked for or after a second miss, that people get it."""
    chat = Chat(bot, language=None)
    (message,) = chat.say(QUESTIONS[language])["messages"]
    assert message["text"].startswith(LANGUAGES[language].cannot)
    assert message["kind"] == "offer_human"
    answer = chat.say(ASKING[language])
    assert answer["handoff"]["reason"] == "asked"
    assert answer["messages"][-1]["text"].startswith(LANGUAGES[language].handing)
