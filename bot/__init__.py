"""The Telegram application: takes messages in, asks the engine, and delivers what the twin says."""
