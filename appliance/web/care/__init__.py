"""Proof of Care: claims, weekly sheets, co-signers, objections, the proof."""
