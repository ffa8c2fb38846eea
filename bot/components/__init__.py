"""Rasa components: tokenizer, intent classifier, tracker store."""
