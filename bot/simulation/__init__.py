"""Simulated customers: seeded people with a goal, facts, a mood and a way of typing, who talk to the real bot."""
