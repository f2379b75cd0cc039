"""Which adapter a training continues from, and what of it the training must then keep."""

from dataclasses import asdict
from typing import Any

from trainer.options import TrainingOptions
from twin.adapter import Adapter, AdapterFolder
from twin.errors import TwinError
from twin.manifest import Manifest
from twin.model import BaseModel

NONE = "none"  # said in place of a name, where it shall not be as last time
_BOUND = {  # options that the shape of the weights decides, and their flags
    "rank": "--rank",
    "alpha": "--alpha",
    "rslora": "--rslora",
    "target_modules": "--target-modules",
}


def source_of(name: str, adapters: AdapterFolder, said: str | None, last: Manifest | None) -> Adapter | None:
    """The adapter version that a training of adapter `name` continues from; None: it begins anew.

    Args:
        said: ADAPTER, ADAPTER/VERSION or NONE; None: as last time, the version that is promoted now.
        last: of the promoted version of `name`.

    Raises:
        TwinError: there is no such adapter, or it is `name` itself.
    """
    if said == NONE:
        return None
    usual = last.continued_from.partition("/")[0] if last and last.continued_from else None
    other, _, version = (said or usual or "").partition("/")
    if not other:
        return None
    if other == name:
        raise TwinError(f"{name!r} cannot continue from itself: what is held out would be known to it")
    if said is None and other not in adapters.names():
        raise TwinError(
            f"{name!r} continued from adapter {other!r} last time, which is not here any more: "
            f"say --from ADAPTER, or --from {NONE} to begin anew"
        )
    return adapters.load(other, version or None)


def bound(options: TrainingOptions, said: dict[str, Any], source: Adapter | None) -> TrainingOptions:
    """The options, with those of the source where its weights leave no choice.

    Args:
        said: options that the user chose.

    Raises:
        TwinError: one of these is another than the source has.
    """
    if source is None:
        return options
    has = asdict(TrainingOptions.of(source.manifest.hyperparameters))
    for key, flag in _BOUND.items():
        if said.get(key, has[key]) != has[key]:
            raise TwinError(f"{source.name!r}, which the training continues from, has {flag} {has[key]}: leave it out")
    return TrainingOptions.of(asdict(options), {key: has[key] for key in _BOUND})


def check(source: Adapter | None, base: BaseModel, datasets: tuple[str, ...]) -> None:
    """See that a training on a base and datasets may continue from the source.

    Raises:
        TwinError: the source was trained on another base model, or on one of the datasets, of which it may know what
            is to be held out.
    """
    if source is None:
        return
    if source.manifest.base_digest != base.digest:
        raise TwinError(
            f"{source.name!r} was trained on the base model {source.manifest.base_model!r}, and {base.name!r} is "
            "another one: leave --base out, or --from"
        )
    if not source.manifest.general and (same := set(source.manifest.datasets) & set(datasets)):
        raise TwinError(
            f"{source.name!r} has learned from dataset {min(same)!r} already, held-out conversations perhaps included: "
            "continue from another adapter"
        )
