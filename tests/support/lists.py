"""The lists of a village that kept its books in a spreadsheet: made with a seed, always the same."""

import csv
import io
import random
from collections.abc import Sequence
from datetime import date, timedelta

FIRST = ("Ada", "Bela", "Chidi", "Dora", "Emre", "Fatou", "Goran", "Hana", "Ines", "Juma", "Kofi", "Lena")
LAST = ("Abara", "Brook", "Celik", "Diaz", "Ekman", "Field", "Garba", "Hill", "Ito", "Jansen", "Kaya", "Luz")
NOTES = ("bread", "two hours in the garden", "the roof", "=SUM(A1)", "señora Núñez, eggs", 'a "good" chair')
CATEGORIES = ("food", "garden", "repair", "other", "")


def members(count: int) -> list[list[str]]:
    """Rows of members: old number, name, kind."""
    kinds = ("person", "person", "person", "household", "business")
    rows = [["old number", "name", "kind"]]
    for n in range(1, count + 1):
        name = f"{FIRST[n % 12]} {LAST[n // 12 % 12]} {n}"
        rows.append([str(7000 + n), name, kinds[n % 5]])
    return rows


def transfers(count: int, people: int, seed: int = 4) -> list[list[str]]:
    """Rows of payments over three years, in their order."""
    drawn, day = random.Random(seed), date(2021, 1, 1)
    rows = [["date", "payer", "payee", "amount", "category", "note"]]
    for n in range(count):
        payer, payee = drawn.sample(range(1, people + 1), 2)
        cents = drawn.randrange(1, 2000)
        rows.append(
            [
                (day + timedelta(days=n * 1000 // count)).isoformat(),
                str(7000 + payer),
                str(7000 + payee),
                f"{cents // 100}.{cents % 100:02d}",
                drawn.choice(CATEGORIES),
                drawn.choice(NOTES),
            ]
        )
    return rows


def spoiled(rows: Sequence[Sequence[str]], every: int, column: int, values: Sequence[str]) -> list[list[str]]:
    """The rows, with one in ``every`` wrong in one of several ways."""
    found = [list(row) for row in rows]
    for n, line in enumerate(range(every, len(found), every)):
        found[line][column] = values[n % len(values)]
    return found


def as_csv(rows: Sequence[Sequence[str]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """The rows as a file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)
