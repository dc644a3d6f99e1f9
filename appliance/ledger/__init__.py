"""The truth of one hub: accounts, transfers, limits, care, the book, and the one way to write.

``hub.Hub`` opens a data directory. Commands are small frozen dataclasses of the subjects
(``money``, ``people``, ``market``, ``care``); ``Hub.submit`` does one, once, and answers with a
receipt or a refusal. ``reads`` holds what screens and the API ask for. Nothing here knows a
screen, a radio or a thread of its own; nothing but ``Hub.submit`` changes the truth.
"""
