"""What the bot decides, says and does."""
