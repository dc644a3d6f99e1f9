"""What every page stands on: the hub at hand, sessions, keys, form tokens, languages, pictures drawn in SVG."""
