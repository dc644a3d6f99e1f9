"""Who lives in the sample village of Hill, and what passes between it and River. Data only.

Their names are not River's, so that a name alone says which village.
"""

from typing import Final, NamedTuple

from appliance.demo.words import Line, Villager

VILLAGERS: Final = (
    Villager("Hana Lepik", 3.0),
    Villager("Chandra Gurung", 7.0),
    Villager("Bhim Rai", 5.0),
    Villager("Pemba Lama", 4.0),
    Villager("Sita Tamang", 3.0),
    Villager("Otto Weber", 2.0),
    Villager("Luz Mamani", 4.0),
    Villager("Aisha Diallo", 1.5),
)

SHOWN: Final = (1, 2, 3, 4, 7)
"""The numbers of those who let River know their names. Sita, Otto and Aisha do not."""

LISTINGS: Final = (
    Line(1, "offer", "food", "Honey from the high meadows, a kilo", 200, "Bring a jar."),
    Line(1, "offer", "clothing", "Wool socks, knitted", 150),
    Line(1, "want", "repair", "Somebody to weld a plough", 250),
    Line(1, "want", "food", "Smoked fish, once a week", 100),
    Line(2, "offer", "building", "Stone walls, a day", 700, "With my brother and two mules."),
    Line(2, "want", "digital", "A solar panel to be wired", 300),
    Line(3, "offer", "transport", "Mule to the river and back", 150, "Thursdays, when the weather holds."),
    Line(3, "want", "clothing", "School trousers for three children", 200),
    Line(4, "offer", "food", "Buckwheat flour, two kilos", 100),
    Line(5, "offer", "tools", "Forge work: hoes and sickles", 200),
    Line(6, "offer", "crafts", "Sogas y alforjas", 175, "Ropes and saddle bags."),
    Line(6, "want", "garden", "Cabbage and tomato seedlings", 50),
    Line(7, "offer", "teaching", "French for beginners", 100),
    Line(0, "offer", "other", "The meeting house, for an evening", 100),
)

BOUGHT: Final = (
    ("food", "Buckwheat pancakes"),
    ("transport", "Mule, a load"),
    ("crafts", "A rope"),
    ("household", "Firewood"),
    ("other", "Thank you!"),
    ("food", "Honey"),
)
"""What people of Hill pay each other for: category and note."""


class Crossing(NamedTuple):
    """A payment between the villages: so many days before now, from whom to whom."""

    days: int
    to_hill: bool
    payer: int
    payee: int
    amount: int
    category: str
    note: str


CROSSED: Final = (
    Crossing(78, True, 11, 4, 100, "transport", "Parcel to Hill"),
    Crossing(71, True, 2, 2, 200, "food", "Honey, a kilo"),
    Crossing(66, False, 2, 11, 100, "repair", "Radio repaired"),
    Crossing(60, True, 12, 2, 200, "food", "Honey for the wedding"),
    Crossing(52, False, 4, 8, 75, "clothing", "Trousers hemmed"),
    Crossing(47, True, 9, 3, 700, "building", "Wall behind the school"),
    Crossing(41, False, 3, 11, 300, "digital", "Solar panel wiring"),
    Crossing(35, True, 3, 77, 50, "food", "Honey"),  # nobody there has this number: it comes back
    Crossing(34, True, 3, 2, 50, "food", "Honey, a small jar"),
    Crossing(28, False, 2, 13, 100, "food", "Pescado ahumado"),
    Crossing(20, True, 6, 5, 100, "food", "Buckwheat flour"),
    Crossing(13, False, 7, 18, 50, "garden", "Seedlings"),
    Crossing(9, True, 2, 2, 150, "clothing", "Wool socks"),
    Crossing(4, False, 1, 6, 125, "food", "Bread for the meeting"),
)
"""Trade between the villages; the numbers are members of the village each belongs to."""
