"""The proof of a care claim: checked on any machine, offline, by who knows the community's root key alone.

``form`` says what a proof holds and how it is written, ``checking`` what it must fulfil, ``compact`` how it
goes over the air to a hub that holds the keys. Nothing in here opens a book: imports end at the ledger's
ground floor (codec, keys, errors), so that it runs where no hub is. ``reads.care_proof`` makes proofs.
"""
