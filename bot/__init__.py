"""The Rasa bot of Tandem: understands a customer's turn, answers it or asks for a human."""
