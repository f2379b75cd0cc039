"""Rows become conversations: what is kept, what is left out and counted, where one ends."""

from datetime import datetime, timedelta

from trainer.conversations import Counts, conversations_of, total
from trainer.kinds import Kind
from trainer.whatsapp import Row

START = datetime(2022, 3, 27, 21, 0)


def row(minutes: float, speaker: str | None, text: str, kind: Kind = "text") -> Row:
    return Row(START + timedelta(minutes=minutes), speaker, kind, text)


ROWS = [
    row(0, None, "Lisa left", "system"),
    row(0, "Lisa <3", "Hey"),
    row(1, "Daniel", "<Media omitted>\nlook", "media"),
    row(61, "\u202aLisa <3\u202c", "nice <This message was edited>"),
    row(61, "Daniel", "<Media omitted>", "media"),
    row(121.5, "Daniel", "alone"),
    row(24 * 60 + 121, "Lisa <3", "a day and a little later"),
    row(24 * 60 + 122, "Daniel", "yes"),
    row(24 * 60 + 123, "Daniel", " \n"),
]


def test_conversations_and_counts() -> None:
    conversations, counts = conversations_of(ROWS, "Lisa", aliases={"Lisa <3": "Lisa"})
    assert [[(turn.speaker, turn.text) for turn in conversation.turns] for conversation in conversations] == [
        [("Lisa", "Hey"), ("Daniel", "look"), ("Lisa", "nice")],
        [("Lisa", "a day and a little later"), ("Daniel", "yes")],
    ]
    assert {conversation.chat for conversation in conversations} == {"Lisa"}
    assert counts.as_json() == {
        "messages": 9,
        "kept": 6,
        "dropped": {"empty": 1, "media": 1, "system": 1},
        "conversations": 2,
        "one_message_conversations": 1,
        "speakers": {"Daniel": 3, "Lisa": 3},
        "first": "2022-03-27T21:00:00",
        "last": "2022-03-28T23:03:00",
        "unparsed_lines": 0,
        "warnings": [],
    }


def test_a_gap_of_exactly_an_hour_is_no_end_and_days_count() -> None:
    hour = [row(0, "Lisa", "a"), row(60, "Daniel", "b")]
    days = [row(0, "Lisa", "a"), row(3 * 24 * 60 + 1, "Daniel", "b")]
    assert conversations_of(hour, "", aliases={})[1].conversations == 1
    assert conversations_of(days, "", aliases={})[1].one_message_conversations == 2
    assert conversations_of(hour, "", aliases={}, gap=timedelta(minutes=59))[1].conversations == 0


def test_rows_out_of_order_are_put_in_time_and_those_of_one_moment_stay() -> None:
    rows = [row(2, "Lisa", "c"), row(1, "Lisa", "a"), row(1, "Daniel", "b")]
    (conversation,), _ = conversations_of(rows, "", aliases={})
    assert [turn.text for turn in conversation.turns] == ["a", "b", "c"]


def test_several_old_names_become_one() -> None:
    rows = [row(0, "~ Lisa", "a"), row(1, "+49\u00a0151 1", "b")]
    _, counts = conversations_of(rows, "", aliases={"~ Lisa": "Lisa", "+49 151 1": "Lisa"})
    assert counts.speakers == {"Lisa": 2}


def test_counts_of_chats_add_up() -> None:
    _, counts = conversations_of(ROWS, "", aliases={})
    both = total([counts, counts, Counts(unparsed_lines=3, warnings=("w",))])
    assert (both.messages, both.kept, both.dropped["media"]) == (18, 12, 2)
    assert (both.first, both.unparsed_lines, both.warnings) == (START, 3, ("w",))
    assert total([]) == Counts()
