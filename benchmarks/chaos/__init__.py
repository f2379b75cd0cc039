"""What is lost, unanswered, out of order or doubled while the bot is killed again and again on a bad network."""
