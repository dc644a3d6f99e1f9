"""What the ledger knows by short names, in the reader's words: acts, refusals, amounts, states."""
