"""How a person of the generated corpus writes: letter case, punctuation, short forms, typos, emoji, bursts."""

import random
import re
from dataclasses import dataclass

_SENTENCES = re.compile(r"(?<=[.!?]) +")
_WORD = re.compile(r"[A-Za-z']+")

_SHORT = {
    "you": "u", "are": "r", "your": "ur", "because": "cuz", "please": "pls", "thanks": "thx", "tomorrow": "tmrw",
    "okay": "ok", "though": "tho", "people": "ppl", "see you": "cu", "to be honest": "tbh", "by the way": "btw",
    "i don't know": "idk", "right now": "rn", "great": "gr8", "tonight": "2nite", "want to": "wanna",
}  # fmt: skip
_MILD_SHORT = {
    "okay": "ok", "want to": "wanna", "yes": "yeah", "because": "cause", "to be honest": "tbh",
    "thank you": "thanks", "hello": "hey", "by the way": "btw",
}  # fmt: skip
_FORMAL = {
    "i'm": "I am", "don't": "do not", "can't": "cannot", "it's": "it is", "that's": "that is", "i'll": "I will",
    "i've": "I have", "you're": "you are", "haha": "Ha", "hey": "Hello", "hi": "Hello", "okay": "All right", "yeah": "Yes",
    "what's": "what is", "doesn't": "does not", "didn't": "did not", "i'd": "I would", "won't": "will not",
}  # fmt: skip

_MOODS = (
    (r"haha|joke|funny|silly|laugh", "😂🤣😆😅😜"),
    (r"sorry|late|forgot|oops", "🙈😬😅🙏"),
    (r"oh no|sad|ill|hurts|terrible|poor|cry|lonely", "😢😔😟🤗💔"),
    (r"congrat|birthday|party|celebrate|passed|won", "🎉🥳🎂🎈👏"),
    (r"love|miss|kiss|hug|heart", "❤️😍🥰😘💕"),
    (r"coffee|tea", "☕😋"),
    (r"pizza|dish|dinner|hungry|cook|cake|soup|pasta|yum|delicious", "🍕😋🍝🍰🤤"),
    (r"sun|warm|summer|hot|beach", "☀️😎🌞"),
    (r"rain|snow|cold|winter", "🌧️☔❄️🥶"),
    (r"work|exam|study|boss", "😩💻📚😫"),
    (r"night|sleep|tired|bed", "😴🌙💤🥱"),
    (r"thank|kind|best", "🙏😊🤗"),
    (r"great|perfect|good|yes|sure|deal|see you", "👍😊🙂👌✌️"),
    (r"\?", "🤔🙂😊🙃"),
)
_ANY_MOOD = "😊🙂😄👍✨😅🙃"
_EMOJI = re.compile(".\ufe0f?")  # a variation selector belongs to the sign before it


@dataclass(frozen=True, slots=True)
class Style:
    """Shares are between 0 and 1."""

    lower: bool = False
    drop_stop: float = 0.0  # messages that lose their last full stop
    emoji: float = 0.0  # messages that get one
    words: str = "plain"  # plain, mild, short or formal
    typos: float = 0.0  # words with one
    apostrophes: bool = True
    burst: float = 0.0  # sentences that begin a new message
    laugh: str = "Haha"
    stretch: float = 0.0  # exclamation marks and vowels that are repeated

    def messages(self, text: str, rng: random.Random) -> list[str]:
        """A text as this person sends it: one message or several."""
        parts: list[str] = []
        for sentence in _SENTENCES.split(text):
            if parts and rng.random() >= self.burst:
                parts[-1] += f" {sentence}"
            else:
                parts.append(sentence)
        return [self._written(part, rng) for part in parts]

    def _written(self, text: str, rng: random.Random) -> str:
        mood = text.lower()
        text = self._worded(text)
        if self.laugh != "Haha":
            text = re.sub(r"\bhaha\b", self.laugh, text, flags=re.IGNORECASE)
        if self.stretch and rng.random() < self.stretch:
            text = re.sub(
                r"\b(so|no|yes|love|hey|oh)\b", lambda word: word[0] + word[0][-1] * rng.randint(1, 3), text, count=1
            )
            text = re.sub(r"!$", "!" * rng.randint(2, 3), text)
        if not self.apostrophes:
            text = text.replace("'", "")
        if self.typos:
            text = _WORD.sub(lambda word: _typo(word[0], rng) if rng.random() < self.typos else word[0], text)
        if self.drop_stop and rng.random() < self.drop_stop:
            text = re.sub(r"(?<!\.)\.$", "", text)
        if self.lower:
            text = text.lower()
        if rng.random() < self.emoji:
            text = f"{re.sub(r'[.]$', '', text)} {_fitting_emoji(mood, rng)}"
        return text

    def _worded(self, text: str) -> str:
        table = {"mild": _MILD_SHORT, "short": _SHORT, "formal": _FORMAL}.get(self.words)
        if not table:
            return text

        def replaced(found: re.Match[str]) -> str:
            new = table[found[0].lower()]
            return new[0].upper() + new[1:] if found[0][0].isupper() else new

        return re.sub(rf"\b({'|'.join(sorted(table, key=len, reverse=True))})\b", replaced, text, flags=re.IGNORECASE)


def random_style(rng: random.Random) -> Style:
    """One of five kinds of writers, each with its own variations."""
    kind = rng.choices(("plain", "chatty", "short", "formal", "hasty"), (30, 30, 15, 15, 10))[0]
    laugh = rng.choice(("Haha", "Haha", "Lol", "Hehe", "Hahaha"))
    if kind == "plain":
        return Style(
            drop_stop=rng.choice((0, 0.3, 0.8)),
            emoji=rng.choice((0, 0.1, 0.25)),
            burst=rng.choice((0, 0.1, 0.3)),
            laugh=laugh,
        )
    if kind == "chatty":
        return Style(
            lower=rng.random() < 0.8, drop_stop=0.95, emoji=rng.choice((0.3, 0.5, 0.7)), words="mild", burst=rng.choice((0.4, 0.6, 0.8)),
            laugh=laugh, stretch=rng.choice((0, 0.3)), apostrophes=rng.random() < 0.7,
        )  # fmt: skip
    if kind == "short":
        return Style(
            lower=True, drop_stop=1, emoji=rng.choice((0, 0.2)), words="short", burst=rng.choice((0.2, 0.5)), laugh="lol",
            apostrophes=False, typos=rng.choice((0, 0.02)),
        )  # fmt: skip
    if kind == "formal":
        return Style(words=rng.choice(("plain", "formal")))
    return Style(
        lower=rng.random() < 0.5, drop_stop=0.7, emoji=rng.choice((0, 0.1)), words="mild", typos=rng.choice((0.03, 0.06)),
        burst=0.3, laugh=laugh,
    )  # fmt: skip


def _typo(word: str, rng: random.Random) -> str:
    """The word with two letters swapped, one lost or one doubled."""
    if len(word) < 4:
        return word
    place = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            word[:place] + word[place + 1 :],
            word[:place] + word[place] + word[place:],
        )
    )


def _fitting_emoji(mood: str, rng: random.Random) -> str:
    fitting = next((emoji for pattern, emoji in _MOODS if re.search(pattern, mood)), _ANY_MOOD)
    sign: str = rng.choice(_EMOJI.findall(fitting))
    return sign * rng.choice((1, 1, 1, 1, 1, 1, 2, 3))
