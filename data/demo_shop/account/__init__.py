"""Identity verification and the closing of an account."""
