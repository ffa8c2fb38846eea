"""The demo brand's shop: a page that carries the widget, and the order API that the bot asks."""
