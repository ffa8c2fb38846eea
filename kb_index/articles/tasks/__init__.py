"""Tasks: findings that the owner of an article is to deal with."""
