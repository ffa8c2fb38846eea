"""Coupons, top-ups, transfers and withdrawals."""
