"""Files in and out: members, opening balances, listings and transfers as CSV.

``columns`` says what each file has, ``exporting`` writes it row by row, ``reading`` and
``checking`` understand one that somebody brings, row by row and with every error named, and
``taking`` does what it says: all of it in one transaction, or nothing.
"""
