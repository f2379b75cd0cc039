"""The knobs of a training run: what `twin train` takes as flags, and `twin.json` keeps."""

from dataclasses import dataclass, fields
from typing import Any

from trainer import processes
from twin.errors import TwinError
from twin.manifest import HOTTEST
from twin.meaning import NONE

ALL_LINEAR = "all-linear"  # peft's word for every linear layer but the output layer
SHORTEST_CONTEXT = 32  # tokens; below it a window holds no turn that is worth learning from
ROW_TOKENS = 2048  # tokens read at once; larger steps are put together from several batches


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """The knobs of a run. Lengths and `tokens_per_step` are in tokens.

    Attributes:
        epochs: passes over the training windows; a run may stop before, when the held-out loss rises.
        rank: of the LoRA matrices; `alpha` is their scale, divided by the rank, or with `rslora` by its root.
        focus: the speaker who counts most: others' turns weigh a tenth in the loss.
        target_modules: names of the layers that get LoRA matrices, by commas, or "all-linear".
        fact_encoder: the sentence encoder that finds facts by meaning; "none": they are found by words.
        temperature: what answers are drawn with, unless a request says otherwise; small models need less.
        refit: once a version has passed the gate, train another one on the held-out conversations too.
    """

    epochs: float = 2.0
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    learning_rate: float = 2e-4
    context_length: int = 1024
    tokens_per_step: int = 1536
    seed: int = 0
    rslora: bool = False
    focus: str | None = None
    target_modules: str = ALL_LINEAR
    fact_encoder: str = NONE
    temperature: float = 0.8
    refit: bool = False

    def __post_init__(self) -> None:
        for key in ("epochs", "learning_rate"):
            if not 0 < getattr(self, key) < float("inf"):
                raise TwinError(f"{key.replace('_', ' ')} must be above 0")
        if not 0 <= self.temperature <= HOTTEST:
            raise TwinError(f"temperature must be from 0 to {HOTTEST}")
        if not 0 <= self.seed < 2**32:
            raise TwinError(f"seed must be a whole number from 0 to {2**32 - 1}")
        if self.context_length < SHORTEST_CONTEXT:
            raise TwinError(f"context length must be at least {SHORTEST_CONTEXT} tokens")

    @classmethod
    def of(cls, *layers: dict[str, Any]) -> "TrainingOptions":
        """From mappings of which later ones win; keys that are no option are left out.

        Raises:
            TwinError: a value cannot be used.
        """
        known = {item.name for item in fields(cls)}
        return cls(**{key: value for layer in layers for key, value in layer.items() if key in known})


def rows_at_once(options: TrainingOptions) -> int:
    """How many windows are read at once."""
    return max(1, min(options.tokens_per_step // processes.count(), ROW_TOKENS) // options.context_length)
