"""Closing words: what needs no answer, and what only looks so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.bridge.closing import is_closing


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "thank you so much 🙏",
        "OK",
        "Ok, thank you very much for your quick reply. See you soon!",
        "Perfect, thanks",
        "No thanks",
        "👍",
        "❤️",
        "Vielen Dank für die schnelle Antwort!",
        "Alles klar, danke schön",
        "Dank u wel, tot morgen",
        "Merci beaucoup, à bientôt",
        "D’accord, c’est parfait. Merci !",
        "¡Muchas gracias! Un saludo",
        "Perfetto, grazie mille",
        "Muito obrigada pela resposta",
        "Dziękuję bardzo",
        "Děkuji moc",
        "Tack så mycket!",
        "Teşekkürler",
        "Спасибо большое!",
        "Дякую",
        "Ευχαριστώ πολύ",
        "תודה רבה",
        "شكرا جزيلا",
        "谢谢您",
        "好的，谢谢！",
        "ありがとうございます。",
        "네 알겠습니다, 감사합니다",
    ],
)
def test_thanks_and_farewells_close(text: str) -> None:
    """Thanks, agreement and farewells, in the languages guests write, need no answer."""
    assert is_closing(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "Thanks, is breakfast included?",
        "ok?",
        "Ευχαριστώ\u037e",
        "谢谢？",
        "Thanks. Please bring a towel",
        "Yes",
        "Yes thanks",
        "Ok 15:00",
        "No",
        "not ok",
        "I am not happy, thanks",
        "for your help",
        "Thanks " * 40,
        "Danke, aber das Zimmer ist kalt",
        "Merci de me rappeler",
        "😡",
        "ok 😡",
        "-",
        "gracias necesito una cuna",
        "谢谢请打电话",
    ],
)
def test_everything_else_waits_for_an_answer(text: str) -> None:
    """A question, a figure, a wish, a complaint, or any word that is not known waits."""
    assert not is_closing(text)


@given(st.text(max_size=200))
def test_no_text_with_a_question_mark_closes(text: str) -> None:
    """Whatever stands around it, a question is a question."""
    assert not is_closing(f"thanks {text}?")


@given(st.sampled_from(["thanks", "danke", "merci", "谢谢"]), st.text("!. ,\n🙏", max_size=20))
def test_marks_around_closing_words_change_nothing(word: str, marks: str) -> None:
    """Points, blanks, capitals and small pictures are no words."""
    assert is_closing(f"{marks}{word.upper()}{marks}")
