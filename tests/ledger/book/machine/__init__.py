"""A village that does anything, one module per subject; ``test_machine.py`` puts them together.

How to add a subject (say, the rules for your new kinds of command):

1. Write ``machine/<subject>.py`` with ``class <Subject>(Base)`` and add it to ``Village``.
2. ``_begin`` (super first): your part of the model, empty; integers, strings and bytes only.
3. ``_set_out`` (super first): what stands before the first step, so that your rules find work.
4. ``_model`` (super first): what an accepted command of yours changes. Never read the book here:
   the model is what the book is compared with.
5. ``_by_itself`` (super first): what the hub does unasked after each act; ``_close`` (super first):
   what of yours ends when somebody's membership does.
6. One ``@rule`` per act, asking through ``self._ask(command, signer)`` (by rule: ``self._by_rule``).
   Choose what makes sense with ``PICK``, and anybody or anything when ``ODDLY`` (one time in five). A rule whose precondition
   is rarely met is rarely drawn: begin what it needs in the same rule (``trouble.quarrel_day``).
7. Name kinds that may pass a limit in ``BEYOND_LIMITS``, and compare your own tables with your model
   in an ``@invariant`` that returns at once ``if not self.founded``.

Each kind must be accepted in at least 30 % of its tries, in the same examples each time. Try
``HUB_VILLAGES=5`` while you write (56 without it), ``HUB_EXPLORE=1`` for other examples, and
``HUB_SHRINK=1`` to have the story of a failure cut short, which takes minutes.
"""
