"""A village's market, in the words of the stories."""

from dataclasses import dataclass

from appliance.ledger.market.listings import CloseListing, OpenListing
from appliance.ledger.values import RecordId
from appliance.matching import Index, Query, Suggestion, find, suggestions
from appliance.matching.index import ListingId
from tests.support.village import Village


@dataclass
class Market:
    village: Village
    index: Index

    def lists(
        self,
        name: str,
        kind: str,
        category: str,
        title: str,
        text: str = "",
        times: str = "",
        place: str = "",
    ) -> RecordId:
        owner = self.village.numbers[name]
        command = OpenListing(owner, kind, category, title, text, times=times, place=place)
        return self.village.do(name, command).record

    def offers(self, name: str, category: str, title: str, text: str = "") -> RecordId:
        return self.lists(name, "offer", category, title, text)

    def wants(self, name: str, category: str, title: str, text: str = "") -> RecordId:
        return self.lists(name, "want", category, title, text)

    def closes(self, name: str, listing: RecordId) -> None:
        self.village.do(name, CloseListing(listing))

    def follow(self) -> int:
        with self.village.hub.reading() as tx:
            return self.index.follow(tx)

    def search(self, text: str = "", **also) -> list[ListingId]:
        self.follow()
        return [hit.id for hit in find(self.index, Query(text, **also)).hits]

    def suggested(self, name: str) -> tuple[Suggestion, ...]:
        self.follow()
        with self.village.hub.reading() as tx:
            return suggestions(self.index, tx, self.village.numbers[name], self.village.clock.now().ms)
