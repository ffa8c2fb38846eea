"""Trained models: how a version comes about, what it must show before it goes live, how it takes over."""
