"""The demo's settings, beside those of a deployment in the same folder."""

from demo.play import demo_settings
from twin.settings import Settings


def test_the_demo_is_polled_by_nobody_else_and_trains_when_asked() -> None:
    settings = demo_settings(Settings(webhook_url="https://bot.example.org", retrain_cron="0 3 * * *"))
    assert settings.webhook_url is settings.retrain_cron is None
