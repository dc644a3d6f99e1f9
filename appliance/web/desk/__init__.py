"""The keeper's desk, at the hub's own screen."""
