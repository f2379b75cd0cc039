"""`twin evaluate`: measures how alike the promoted version of an adapter is, and keeps what was found beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from trainer.answers import Step, Subject
from trainer.evaluate import after_refit, evaluate
from trainer.findings import Evaluation, keep
from trainer.questions import read_questions
from trainer.report import write_report
from trainer.run import read_datasets
from twin.adapter import Adapter, AdapterFolder
from twin.limits import Limits
from twin.loaded import LoadedAdapters
from twin.manifest import Manifest
from twin.settings import Settings
from twin.transcript import Conversation, Turn

Parts = tuple[dict[str, list[Conversation]], dict[str, list[Conversation]]]


def evaluate_adapter(
    name: str, settings: Settings, *, questions: Path | None = None, canaries: Sequence[str] = (), step: Step
) -> tuple[Adapter, Evaluation]:
    """Measure the promoted version of an adapter on the test part of its datasets.

    Args:
        questions: a file of questions to ask, see `trainer/questions.py`.
        canaries: secrets that may stand in the training texts.
        step: told of progress.

    Raises:
        TwinError: the adapter, its base model or a dataset is not there, or a question cannot be used.
    """
    adapters = AdapterFolder(settings.adapters)
    adapter = adapters.load(name)
    adapter.people()  # a general adapter has none, and says so
    manifest = adapter.manifest
    asked = read_questions(questions, manifest) if questions else []
    training, held_out = parts_of(read_datasets(manifest.datasets, settings).chats, manifest)
    speakers = {turn.speaker for part in (training, held_out) for turn in _turns(part)}
    loaded = LoadedAdapters(adapters, settings.quantisation, Limits().adapter_bytes)
    subject = Subject.of_version(loaded, name, speakers=sorted(speakers))
    later = [conversation for part in held_out.values() for conversation in part]
    found = evaluate(subject, later, training, canaries=canaries, questions=asked, step=step)
    if not found.judged and manifest.refit_of:
        found = replace(found, reason=after_refit(manifest.refit_of))
    keep(adapter, found)
    write_report(adapter)
    return adapter, found


def parts_of(chats: Mapping[str, Sequence[Conversation]], manifest: Manifest) -> Parts:
    """What a version was trained on, and what it has never seen, not even to choose a checkpoint by.

    Chats that it does not know are left out: they may have come to the dataset since.
    """
    training: dict[str, list[Conversation]] = {}
    held_out: dict[str, list[Conversation]] = {}
    for chat in manifest.chats:
        conversations = chats.get(chat.name, ())
        # Where nothing was held out the dates are those of the last turn: a conversation may begin and end with it.
        trained, validated = chat.trained_until, chat.validated_until
        training[chat.name] = [one for one in conversations if one.turns[0].at < trained or one.turns[-1].at <= trained]
        held_out[chat.name] = [
            one for one in conversations if one.turns[0].at >= validated and one.turns[-1].at > validated
        ]
    return training, held_out


def _turns(chats: Mapping[str, Sequence[Conversation]]) -> Iterable[Turn]:
    return (turn for part in chats.values() for conversation in part for turn in conversation.turns)
