"""The engine that the settings name: in this process, or elsewhere. Loads no torch."""

from twin.adapter import AdapterFolder
from twin.completions import CompletionsEngine
from twin.local import LocalEngine
from twin.remote import RemoteEngine
from twin.settings import Settings

AnyEngine = LocalEngine | RemoteEngine | CompletionsEngine


def engine_of(settings: Settings, adapters: AdapterFolder) -> AnyEngine:
    """The engine for a bot or a talk; its `start` tells what is wrong with it."""
    if settings.engine_url is None:
        return LocalEngine(adapters, settings.quantisation)
    if settings.engine_api == "openai":
        return CompletionsEngine(settings.engine_url, adapters, settings.engine_key)
    return RemoteEngine(settings.engine_url, settings.engine_key)
