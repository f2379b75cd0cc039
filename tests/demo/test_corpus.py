"""The generated conversations: deterministic, well-formed, and varied."""

import itertools
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from demo.corpus import all_flows, chats, conditions, connected, conversations, parse_flows
from demo.corpus_facts import kinds, of_the_year, unknown
from demo.corpus_people import NAMES, PERSONA, SLOTS
from twin.transcript import SEPARATOR, Conversation, Passage, clean_name, clean_text, split_at_gaps


@pytest.fixture(scope="module")
def some() -> list[Conversation]:
    return list(itertools.islice(conversations(11), 3_000))


def test_the_seed_decides() -> None:
    first, again, other = (list(itertools.islice(conversations(seed), 50)) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_conversations_are_well_formed(some: list[Conversation]) -> None:
    for conversation in some:
        turns = conversation.turns
        assert len(turns) >= 2
        assert len({turn.speaker for turn in turns}) == 2
        assert all(turn.speaker in NAMES for turn in turns)
        assert [turn.at for turn in turns] == sorted(turn.at for turn in turns)
        assert len(split_at_gaps(turns)) == 1
        for turn in turns:
            assert turn.text
            assert turn.text == clean_text(turn.text)
            assert not set(turn.text) & set("{}#<" + SEPARATOR), turn.text


def test_chats_are_between_two_people_in_time_order(some: list[Conversation]) -> None:
    for _, group in itertools.groupby(some, key=lambda conversation: conversation.chat):
        chat = list(group)
        assert len({turn.speaker for conversation in chat for turn in conversation.turns}) == 2
        starts = [conversation.turns[0].at for conversation in chat]
        assert starts == sorted(starts)
        gaps = [later.turns[0].at - sooner.turns[-1].at for sooner, later in itertools.pairwise(chat)]
        assert all(gap > timedelta(hours=1) for gap in gaps)


def test_the_dates_spread_over_the_years(some: list[Conversation]) -> None:
    years = Counter(conversation.turns[0].at.year for conversation in some)
    assert set(years) == set(range(2015, 2027))


def test_what_is_said_varies(some: list[Conversation]) -> None:
    texts = {turn.text for conversation in some for turn in conversation.turns}
    openings = {conversation.turns[0].text.lower() for conversation in some}
    whole = {tuple(turn.text for turn in conversation.turns) for conversation in some}
    assert len(texts) >= 8_000
    assert len(openings) >= 800
    assert len(whole) == len(some)


def test_what_is_written_by_hand_varies() -> None:
    flows = all_flows()
    ways = {way.text for flow in flows for step in flow.steps for way in step.ways}
    assert len(flows) >= 150
    assert len({flow.topic for flow in flows}) >= 80
    assert len(ways) >= 2_500
    assert len(set(NAMES)) >= 60
    assert {"Lisa", "Peter", "Daniel"} < set(NAMES)
    assert all(name == clean_name(name) for name in NAMES)


def test_styles_differ(some: list[Conversation]) -> None:
    texts = [turn.text for conversation in some for turn in conversation.turns]
    lower = sum(text == text.lower() for text in texts) / len(texts)
    emoji = sum(any(ord(sign) > 0x2600 for sign in text) for text in texts) / len(texts)
    bursts = sum(
        sooner.speaker == later.speaker
        for conversation in some
        for sooner, later in itertools.pairwise(conversation.turns)
    )
    assert 0.2 < lower < 0.8
    assert 0.05 < emoji < 0.5
    assert 0.05 < bursts / len(texts) < 0.4


def test_every_way_through_every_flow_has_a_reply() -> None:
    for flow in all_flows():
        states = {frozenset[str]()}
        for number, step in enumerate(flow.steps):
            following = set()
            for marks in states:
                ways = [way for way in step.ways if not way.needs or way.needs & marks]
                assert ways, f"{flow.topic}, turn {number + 1} ({step.ways[0].text}), after {set(marks)}"
                following |= {marks | way.sets for way in ways}
            states = following


def test_every_mark_is_both_set_and_needed() -> None:
    for flow in all_flows():
        ways = [way for step in flow.steps for way in step.ways]
        assert set().union(*(way.sets for way in ways)) == set().union(*(way.needs for way in ways)), flow.topic


def test_a_persona_answers_the_same_throughout_a_chat() -> None:
    """Whoever says where he was born says the same place in every conversation of that chat."""
    said: dict[tuple[str, str], set[str]] = {}
    for conversation in itertools.islice(conversations(3), 15_000):
        for turn in conversation.turns:
            for city in SLOTS["city"]:
                if f"was born in {city}".lower() in turn.text.lower():
                    said.setdefault((conversation.chat, turn.speaker), set()).add(city)
    assert len(said) > 20
    assert all(len(cities) == 1 for cities in said.values())


def test_marks_narrow_the_replies() -> None:
    (flow,) = parse_flows(
        "= exam morning\nA: I passed! #good / I failed. #bad\nB: Hooray! <good / Oh no. <bad / Well.\n"
    )
    assert flow.topic == "exam"
    assert flow.needs == {"morning"}
    assert [way.text for way in flow.steps[1].ways] == ["Hooray!", "Oh no.", "Well."]
    assert [set(way.needs) for way in flow.steps[1].ways] == [{"good"}, {"bad"}, set()]


def test_a_line_without_speaker_is_refused() -> None:
    with pytest.raises(ValueError, match="flow 'greeting'"):
        parse_flows("= greeting\nA: hi\nhello\n")


def test_conditions_follow_from_the_moment() -> None:
    assert {"morning", "weekday", "winter", "monday"} <= conditions(datetime(2024, 1, 8, 8))
    assert {"christmas", "evening", "night"} <= conditions(datetime(2024, 12, 24, 22))
    assert "morning" not in conditions(datetime(2024, 5, 1, 20))


def test_a_connector_keeps_the_capitals_of_names() -> None:
    assert connected("Anyway,", "Are you free?") == "Anyway, are you free?"
    assert connected("Anyway,", "I'm tired.") == "Anyway, I'm tired."
    assert connected("Anyway,", "Lisa is here.") == "Anyway, Lisa is here."


def test_every_persona_trait_has_its_slot() -> None:
    assert all(SLOTS[slot] for slot in PERSONA.values())
    assert all(len(values) == len(set(values)) for values in SLOTS.values())


def test_ways_are_answered_one_by_one() -> None:
    (flow,) = parse_flows("= trip\nA: by train? / on foot?\nB= by rail / by shoe\nA= on time! / uphill!")
    for conversation in itertools.islice(conversations(3, [flow]), 40):
        said = tuple(turn.text.lower().strip("?! ") for turn in conversation.turns if "by" in turn.text.lower())
        assert not {"by train", "by shoe"} <= set(said), said


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("= trip\nA: one / two\nB= three", "1 ways for 2"),
        ("= trip\nA= one", "1 ways for 0"),
        ("= trip\nA: one\nB: two <never", "never"),
        ("= trip\nA: one {nothing}", "nothing"),
        ("= trip\nC: one", "not a turn"),
    ],
)
def test_a_faulty_flow_is_named(source: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_flows(source)


def test_every_flow_can_be_played() -> None:
    flows = [replace(flow, needs=frozenset()) for flow in all_flows()]
    for flow in flows:
        assert all(one.turns for one in itertools.islice(conversations(1, [flow]), 8)), flow.topic


def test_facts_can_be_asked_and_answered_in_several_ways() -> None:
    assert len(kinds()) >= 150
    assert len(unknown()) >= 30
    for kind in kinds():
        assert len(kind.ask) >= 8
        assert len(kind.answers) >= 5
        assert len(kind.values) >= 12
        assert all("{v}" in answer for answer in kind.answers)


def test_placed_facts_say_what_the_window_says() -> None:
    placed = 0
    for chat in itertools.islice(chats(4), 60):
        window = [Passage(one.turns, None, ended=True) for one in chat.conversations]
        known = {fact.value for fact in chat.asked.values()}
        for passage in chat.placed(window):
            assert passage.placed and passage.ended and len(passage.turns) == 2
            placed += any(value and value.lower() in passage.turns[1].text.lower() for value in known)
    assert placed >= 20


def test_every_year_has_its_fashions() -> None:
    assert all(set(names) == set(map(str, range(2010, 2027))) for names in of_the_year().values())
    assert all(len(set(names.values())) == len(names) for names in of_the_year().values())
