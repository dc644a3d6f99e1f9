"""Coming in, one's own pages, who is here, messages, moving, leaving."""
