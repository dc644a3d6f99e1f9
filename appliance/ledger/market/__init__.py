"""What members offer and want."""
