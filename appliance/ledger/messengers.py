"""What members say to people of other hubs finds its way on the feed: after everything else, when the radio asks (``post.publish``).

What they say of matches goes before messages: it is a dozen bytes, and somebody may be waiting for a yes.
"""

from appliance.ledger.book.command import Receipt
from appliance.ledger.hub import Hub
from appliance.ledger.market import matches_far, talks_far
from appliance.ledger.market.matches_far import TellMatch
from appliance.ledger.market.talks_far import CarryMessage, UnsayMessage

RULE = "publish"


def carry(hub: Hub, most: int) -> int:
    """Put on the feed what was taken back, then what is said of matches, then messages, each within its budget.

    At most ``most``; how many.
    """
    with hub.reading() as tx:
        now = hub.clock.now()
        due: list[tuple[UnsayMessage | TellMatch | CarryMessage, bytes]] = [
            (one, talks_far.key_of(one)) for one in talks_far.to_unsay(tx, most)
        ]
        due += [(one, matches_far.key_of(tx, one)) for one in matches_far.to_tell(tx, now, most - len(due))]
        due += [(one, talks_far.key_of(one)) for one in talks_far.to_carry(tx, now, most - len(due))]
    return sum(isinstance(hub.by_rule(command, RULE, key), Receipt) for command, key in due)
