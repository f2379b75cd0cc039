"""Rows are told apart by kind in many languages, and of what is left only what a person said is kept."""

import json
import unicodedata
from pathlib import Path

import pytest

from trainer.kinds import KINDS, Habits, habits_of, kind_of, kinds_of, words_of
from trainer.wordings import wordings

ANDROID = [  # language, media, deleted, deleted by me, missed call, file, location
    ("de", "<Medien ausgeschlossen>", "Diese Nachricht wurde gelöscht", "Du hast diese Nachricht gelöscht",
     "Verpasster Sprachanruf", "IMG-20220327-WA0001.jpg (Datei angehängt)", "Standort"),
    ("en", "<Media omitted>", "This message was deleted", "You deleted this message", "Missed voice call",
     "VID-20220327-WA0001.mp4 (file attached)", "location"),
    ("es", "<Multimedia omitido>", "Este mensaje fue eliminado", "Eliminaste este mensaje", "Llamada de voz perdida",
     "PTT-20220327-WA0001.opus (archivo adjunto)", "ubicación"),
    ("fr", "<Médias omis>", "Ce message a été supprimé", "Vous avez supprimé ce message", "Appel vocal manqué",
     "IMG-20220327-WA0001.jpg (fichier joint)", "localisation"),
    ("it", "<Media omessi>", "Questo messaggio è stato eliminato", "Hai eliminato questo messaggio",
     "Chiamata vocale persa", "IMG-20220327-WA0001.jpg (file allegato)", "posizione"),
    ("pt", "<Mídia oculta>", "Mensagem apagada", "Você apagou esta mensagem", "Ligação de voz perdida",
     "IMG-20220327-WA0001.jpg (arquivo anexado)", "localização"),
    ("nl", "<Media weggelaten>", "Dit bericht is verwijderd", "U hebt dit bericht verwijderd",
     "Gemiste spraakoproep", "IMG-20220327-WA0001.jpg (bestand bijgevoegd)", "locatie"),
    ("tr", "<Medya dahil edilmedi>", "Bu mesaj silindi", "Bu mesajı sildiniz", "Cevapsız sesli arama",
     "IMG-20220327-WA0001.jpg (dosya ekli)", "konum"),
    ("ru", "<Без медиафайлов>", "Данное сообщение удалено", "Вы удалили данное сообщение", "Пропущенный аудиозвонок",
     "IMG-20220327-WA0001.jpg (файл добавлен)", "местоположение"),
    ("hi", "<मीडिया के बिना>", "यह संदेश मिटाया गया", "आपने यह संदेश मिटाया", "छूटी हुई ध्वनि कॉल",
     "IMG-20220327-WA0001.jpg (फाइल अटैच कर दी गई है)", "स्थान"),
    ("ar", "<تم استبعاد الوسائط>", "تم حذف هذه الرسالة", "أنت حذفت هذه الرسالة", "مكالمة صوتية فائتة",
     "IMG-20220327-WA0001.jpg (الملف مرفق)", "الموقع"),
]  # fmt: skip
IOS = [  # language, image, contact, deleted, missed call, attached
    ("de", "Bild weggelassen", "Kontaktkarte ausgelassen", "Diese Nachricht wurde gelöscht.", "Verpasster Videoanruf",
     "<Anhang: 00000012-PHOTO-2022-03-27.jpg>"),
    ("en", "image omitted", "Contact card omitted", "This message was deleted.", "Missed video call",
     "<attached: 00000012-PHOTO-2022-03-27.jpg>"),
    ("es", "imagen omitida", "Tarjeta de contacto omitida", "Se eliminó este mensaje.", "Videollamada perdida",
     "<adjunto: 00000012-PHOTO-2022-03-27.jpg>"),
    ("fr", "image absente", "Fiche contact manquante", "Ce message a été supprimé.", "Appel vidéo manqué",
     "< pièce jointe : 00000012-PHOTO-2022-03-27.jpg >"),
    ("it", "immagine omessa", "Scheda contatto omessa", "Questo messaggio è stato eliminato.",
     "Videochiamata persa", "<allegato: 00000012-PHOTO-2022-03-27.jpg>"),
    ("pt", "imagem ocultada", "Cartão do contato omitido", "Mensagem apagada", "Chamada de vídeo perdida",
     "<anexado: 00000012-PHOTO-2022-03-27.jpg>"),
    ("nl", "afbeelding weggelaten", "Visitekaartje weggelaten", "Dit bericht is verwijderd.",
     "Gemist videogesprek", "<bijgevoegd: 00000012-PHOTO-2022-03-27.jpg>"),
    ("tr", "görüntü dahil edilmedi", "Kişi kartı dahil edilmedi", "Bu mesaj silindi.", "Cevapsız görüntülü arama",
     "<00000012-PHOTO-2022-03-27.jpg eklendi>"),
    ("ru", "изображение отсутствует", "Карточка контакта отсутствует", "Данное сообщение удалено.",
     "Пропущенный видеозвонок", "<прикреплено: 00000012-PHOTO-2022-03-27.jpg>"),
    ("hi", "फ़ोटो हटाई गई", "कॉन्टैक्ट कार्ड छोड़ा गया", "यह मैसेज डिलीट कर दिया गया है.", "मिस्ड वीडियो कॉल",
     "<अटैच किया गया: 00000012-PHOTO-2022-03-27.jpg>"),
    ("ar", "لم يتم إدراج الصورة", "لم يتم إدراج بطاقة جهة اتصال", "تم حذف هذه الرسالة.", "مكالمة فيديو فائتة",
     "<المُرفق: 00000012-PHOTO-2022-03-27.jpg>"),
]  # fmt: skip
MARK = "\u200e"


def android(body: str) -> str:
    return kind_of("Lisa", body, Habits(ios=False))


def ios(body: str) -> str:
    return kind_of("Lisa", body, Habits(ios=True, marks=True))


BODIES = Path(__file__).parents[1] / "fixtures" / "bodies.jsonl"  # [phone, kind, body]; add a line for a new wording


@pytest.mark.parametrize("line", BODIES.read_text(encoding="utf-8").splitlines())
def test_bodies_of_many_languages(line: str) -> None:
    phone, kind, body = json.loads(line)
    assert (ios if phone == "ios" else android)(body) == kind


@pytest.mark.parametrize("words", ANDROID, ids=lambda words: words[0])
def test_android(words: tuple[str, ...]) -> None:
    _, media, deleted, deleted_by_me, call, file, location = words
    assert [android(body) for body in (media, deleted, deleted_by_me, call, file)] == [
        "media", "deleted", "deleted", "call", "media",
    ]  # fmt: skip
    assert android(f"{location}: https://maps.google.com/?q=52.5,13.4") == "location"
    assert android(f"{MARK}{file}\nlook at this") == "media"
    assert android(media.upper()) == "media"
    assert words_of("media", f"{media}\nlook at this") == "look at this"
    assert words_of("media", media) is None


@pytest.mark.parametrize("words", IOS, ids=lambda words: words[0])
@pytest.mark.parametrize("mark", ["\u200e", "\u200f"])
def test_ios(words: tuple[str, ...], mark: str) -> None:
    _, image, contact, deleted, call, attached = words
    assert [ios(mark + body) for body in (image, contact, deleted, call, attached)] == [
        "media", "contact", "deleted", "call", "media",
    ]  # fmt: skip
    assert [ios(body) for body in (image, contact)] == ["text", "text"]  # a person may write that
    assert ios(f"look at this {mark}{attached}") == "media"
    assert words_of("media", f"look at this {mark}{attached}") == "look at this"
    assert words_of("media", mark + attached) is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("POLL:\nWhen?\nOPTION: now (2 votes)\nOPTION: never (1 vote)", "poll"),
        ("ABSTIMMUNG:\nWann?\nOPTION: jetzt (2 Stimmen)\nOPTION: nie (1 Stimme)", "poll"),
        ("Max.vcf (file attached)", "contact"),
        ("live location shared", "location"),
        ("Voice call, 5 min", "call"),
        ("Video call. No answer", "call"),
        ("", "empty"),
        (" \u200e\n", "empty"),
        ("null", "empty"),
        ("Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them.",
         "system"),
        ("Poll: who is coming?", "text"),
        ("POLL:", "text"),
        ("voice call?", "text"),
        ("call me", "text"),
        ("nullify", "text"),
        ("<3", "text"),
        ("image omitted", "text"),
        ("This message was deleted. Why?", "text"),
        ("here: https://maps.google.com/?q=52.5,13.4", "text"),
        ("location: at home", "text"),
        ("the report (file attached)", "text"),
        ("x" * 100_000, "text"),
    ],
)  # fmt: skip
def test_android_in_detail(body: str, kind: str) -> None:
    assert android(body) == kind


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"{MARK}POLL:\nWhen?\n{MARK}OPTION: now ({MARK}2 votes)\n{MARK}OPTION: never ({MARK}1 vote)", "poll"),
        (f"{MARK}<attached: 00000012-Max.vcf>", "contact"),
        (f"{MARK}Location: https://maps.google.com/?q=52.5,13.4", "location"),
        (f"{MARK}Location: Café Rosa (https://foursquare.com/v/4b0588)", "location"),
        (f"{MARK}Voice call. {MARK}2 min", "call"),
        (f"{MARK}Missed voice call. {MARK}Tap to call back", "call"),
        (f"{MARK}This message was deleted by admin Max.", "deleted"),
        (f"{MARK}You received a view once message. For added privacy, you can only open it on your phone.", "media"),
        (f"{MARK}plan.pdf • {MARK}2 pages {MARK}document omitted", "media"),
        (f"plan.pdf • {MARK}2 pages {MARK}<attached: 00000012-plan.pdf>", "media"),
        (f"{MARK}Lisa changed their phone number to a new number.", "system"),
        (f"{MARK}Neue Wortwahl der App", "system"),
        (f"{MARK}+49 151 1234567", "text"),
        (f"{MARK}https://example.org", "text"),
        (f"Hey {MARK}<This message was edited>", "text"),
        (f"Hey {MARK} you", "text"),
        ("null", "text"),
    ],
)
def test_ios_in_detail(body: str, kind: str) -> None:
    assert ios(body) == kind


@pytest.mark.parametrize("habits", [Habits(ios=False), Habits(ios=True, marks=True), Habits(ios=True)])
def test_the_quick_way_through_many_rows_tells_the_same(habits: Habits) -> None:
    table = wordings()
    phrases = {*table.phrases, *table.marked_phrases, *table.calls, *table.locations, *table.polls, *table.edited}
    bodies = [
        unicodedata.normalize(form, changed)
        for phrase in phrases
        for changed in (
            phrase, phrase.upper(), phrase[:4], f" {phrase}. ", f"{phrase}. 5 min", f"x {phrase}", f"{phrase}\nx",
            f"\u202a{phrase}", f"{MARK}{phrase}", f"{phrase}:\nx\na (1)\nb (2)",
            f"{phrase}: https://maps.google.com/?q=1,2",
        )
        for form in ("NFC", "NFD")
    ]  # fmt: skip
    bodies.append("管理员 Max 已删除这条消息")
    assert list(kinds_of([("Lisa", body) for body in bodies], habits)) == [
        kind_of("Lisa", body, habits) for body in bodies
    ]


def test_without_a_speaker_the_app_wrote_it() -> None:
    assert kind_of(None, "Lisa left", Habits(ios=False)) == "system"


def test_ios_wordings_count_without_marks_where_all_marks_are_lost() -> None:
    lost = habits_of(["Hey", "image omitted"], ios=True)
    assert kind_of("Lisa", "image omitted", lost) == "media"
    assert kind_of("Lisa", "Hey", lost) == "text"
    assert habits_of(["Hey", f"{MARK}image omitted"], ios=True) == Habits(ios=True, marks=True)


def test_placeholders_of_languages_that_the_table_lacks() -> None:
    often = habits_of(["<Meedia ära jäetud>"] * 2 + ["<Meedia ära jäetud>\nkass", "<br>", "<br>", "<br>"], ios=False)
    assert often.placeholders == {"<Meedia ära jäetud>"}
    assert kind_of("Lisa", "<Meedia ära jäetud>\nkass", often) == "media"
    assert kind_of("Lisa", "<br>", often) == "text"


def test_a_placeholder_that_the_table_lacks_is_one_at_first_sight_in_letters_of_its_own() -> None:
    tamil = "<ஊடகம் தவிர்க்கப்பட்டது>"
    assert habits_of(["Hey", tamil], ios=False).placeholders == {tamil}
    assert habits_of(["Hey", tamil, "<Media omitted>"], ios=False).placeholders == set()
    assert habits_of(["Hey", tamil], ios=True).placeholders == set()
    assert habits_of(["Hey", "<räuspert sich>"], ios=False).placeholders == set()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Hey <This message was edited>", "Hey"),
        (f"Hey {MARK}<Diese Nachricht wurde bearbeitet.>", "Hey"),
        (f"Hey {MARK}<wording nobody knows>", "Hey"),
        ("<This message was edited> is what it says", "<This message was edited> is what it says"),
        ("Hey <you>", "Hey <you>"),
        ("two\nlines … 10²", "two\nlines … 10²"),
    ],
)
def test_marks_of_editing_are_cut_off(body: str, words: str) -> None:
    assert words_of("text", body) == words


def test_documents_have_no_caption() -> None:
    assert words_of("media", f"{MARK}plan.pdf • {MARK}2 pages {MARK}document omitted") is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"text", "media"}])
def test_nothing_else_is_said_by_a_person(kind: str) -> None:
    assert words_of(kind, "POLL:\nWhen?") is None  # type: ignore[arg-type]
