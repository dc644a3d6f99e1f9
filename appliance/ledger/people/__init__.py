"""Members and keepers: their life from joining to leaving, keys and PINs, who may act for whom, powers, acts of two."""
