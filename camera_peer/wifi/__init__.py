"""Joining a Wi-Fi network: one small interface and what stands behind it."""
