"""What a run found, for people: ratios first."""

from typing import Any


def text(found: dict[str, Any]) -> str:
    """The figures as a page of plain text."""
    box = found["machine"]
    lines = [
        f"{box['model']}, {box['cores']} cores, {box['memory_mb']} MB, Python {box['python']}, SQLite {box['sqlite']}",
        f"the disk keeps 4 KiB in {found['sync_p50_ms']} ms (95 of 100: {found['sync_p95_ms']} ms)",
        f"{found['members']} members, {found['listings']} listings, {found['transfers']} transfers, {found['book_mb']} MB",
        "",
        f"http_over_bare_commit   {found['http_over_bare_commit']}   ({found['clients']} clients)",
        f"home_p95_over_hello     {found['home_p95_over_hello']}   (p50 {found['home_p50_over_hello']}, {found['home']['bytes']} bytes)",
        f"statement_p95_over_hello {found['statement_p95_over_hello']}  (p50 {found['statement_p50_over_hello']}, {found['statement']['bytes']} bytes)",
        f"home_over_first         {found['home_over_first']}",
        f"pay_over_first          {found['pay_over_first']}",
        "",
        _rate("payments, in the process", found["in_process"]),
        _rate("payments by HTTP, key open", found["key_open"]),
        _rate("one bare row by HTTP", found["bare_commit"]),
        _rate(
            f"payments, PIN each time ({found['pin_each_time']['clients']} phones)", found["pin_each_time"]
        ),
        f"{'payments with all four pages':38} {found['with_all_pages']['payments_per_second']:>9} a second",
        _rate("hello-world page", found["hello"]),
        _rate("home page", found["home"]),
        _rate("statement", found["statement"]),
        "",
        (
            f"verify and replay: {found['verify_seconds']} s, {found['verify_entries_per_second']} entries a second, "
            f"at most {found['verify_peak_mb']} MB"
        ),
        "",
        "transfers   pay/bare   home/hello   stmt/hello   home/first   pay/first   verify s   verify MB",
        *(_point(point) for point in found["curve"]),
    ]
    return "\n".join(lines)


def _rate(what: str, sample: dict[str, Any]) -> str:
    return (
        f"{what:38} {sample['per_second']:>9} a second, p50 {sample['p50_ms']} ms, p95 {sample['p95_ms']} ms"
    )


def _point(point: dict[str, Any]) -> str:
    return (
        f"{point['transfers']:>9}   {point['http_over_bare_commit']:>8}   {point['home_p95_over_hello']:>10}   "
        f"{point['statement_p95_over_hello']:>10}   {point['home_over_first']:>10}   {point['pay_over_first']:>9}   "
        f"{point['verify_seconds']:>8}   {point['verify_peak_mb']:>9}"
    )
