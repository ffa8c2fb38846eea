"""The one door of the bot: the gateway posts turns here."""
