"""Members and keepers: joining, keys and PINs, powers, the founding of a hub."""
