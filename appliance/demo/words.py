"""Who lives in the sample village of River and what they offer, want, buy and care for.

Data only. People come in the order in which they join, so that Kira, the keeper, has number 1
and the people of the documentation (Alice, Bob, Dina) follow. Hill's are in ``words_hill``.
"""

from typing import Final, NamedTuple


class Villager(NamedTuple):
    """``busy``: how much of the village's trade passes through this person's hands."""

    name: str
    busy: float


VILLAGERS: Final = (
    Villager("Kira Sørensen", 3.0),
    Villager("Alice Martin", 9.0),
    Villager("Bob Okafor", 8.0),
    Villager("Meera Iyer", 5.0),
    Villager("Dina Haddad", 5.0),
    Villager("Fatima Zahra", 10.0),
    Villager("Juan Quispe", 6.0),
    Villager("Mei-Ling Chen", 4.0),
    Villager("Kwame Mensah", 3.5),
    Villager("Rosa Jiménez", 7.0),
    Villager("Tomasz Nowak", 2.5),
    Villager("Amina Yusuf", 3.0),
    Villager("Sione Tupou", 1.6),
    Villager("Priya Nair", 2.0),
    Villager("Lars Lindqvist", 1.2),
    Villager("Nokuthula Dlamini", 2.2),
    Villager("José da Silva", 1.5),
    Villager("Yuki Kobayashi", 1.0),
    Villager("Elena Popescu", 0.7),
    Villager("Old Matthew", 0.4),
)

NEWCOMER: Final = "Zainab Traoré"
"""Has applied and waits for a keeper."""


SHOWN: Final = (1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 14, 15)
"""The numbers of those who let Hill know their names."""


class Line(NamedTuple):
    """A listing: whose (place in ``VILLAGERS``), what, for how much (hundredths; None: agree)."""

    who: int
    kind: str
    category: str
    title: str
    price: int | None = None
    text: str = ""
    unit: str | None = None
    quantity: int | None = None
    times: str = ""
    place: str = ""


LISTINGS: Final = (
    Line(
        *(1, "offer", "dairy", "Goat cheese, fresh every Friday", 75, "About 250 g. Bring your own box."),
        *("piece", 8, "Fridays from four", "Beside the mill"),
    ),
    Line(1, "offer", "poultry", "Eggs from free hens", 50, "Ten. I live beside the mill."),
    Line(1, "offer", "homework", "Reading with children", 100, "", "hour", None, "After school"),
    Line(1, "want", "repair", "Gate hinge to weld", 150),
    Line(
        *(2, "offer", "bicycle_repair", "Bicycles mended", 100, "Punctures half an hour. Parts extra."),
        *("hour", None, "Afternoons", "The blue shed by the bridge"),
    ),
    Line(
        2, "offer", "tools", "Drill and long ladder to borrow", 25, "For a day. Please bring it back clean."
    ),
    Line(2, "offer", "masonry", "Masonry", 125, "", "hour"),
    Line(2, "want", "food", "Lunch on working days", 75),
    Line(2, "want", "digital", "My new phone to be set up", 50),
    Line(3, "offer", "massage", "Massage for tired backs", 100, "", "hour"),
    Line(3, "offer", "language", "Hindi and English conversation", 100, "", "hour"),
    Line(
        3,
        "want",
        "transport",
        "Lift to the clinic on Tuesdays",
        100,
        "There and back, one person with a stick.",
    ),
    Line(3, "want", "garden", "Help with the bean terraces", 100),
    Line(
        4, "offer", "children", "Minding children on market days", 100, "Up to four, in our yard, with fruit."
    ),
    Line(4, "offer", "bread", "Flat bread, ten pieces", 50),
    Line(4, "want", "clothing", "School skirts to be hemmed", 75),
    Line(
        5,
        "offer",
        "food",
        "Bread and buns from the village oven",
        25,
        "From six in the morning. Order the day before for feasts.",
    ),
    Line(5, "offer", "food", "Feast cooking for twenty", 800),
    Line(5, "offer", "events", "Long tables and benches", 150),
    Line(5, "want", "household", "Firewood, split and dry", 200, "Two barrows a week."),
    Line(5, "want", "food", "Eggs, thirty a week", 150),
    Line(
        6,
        "offer",
        "garden",
        "Papas y verduras de la chacra",
        50,
        "Una bolsa de cinco kilos. A bag of five kilos.",
    ),
    Line(6, "offer", "animals", "Esquila de ovejas", 150),
    Line(6, "offer", "transport", "Mule and cart, a morning", 200),
    Line(
        6,
        "want",
        "tools",
        "Se busca motobomba prestada",
        None,
        "Para dos días de riego. A pump for two days of watering.",
    ),
    Line(7, "offer", "clothing", "Skirts and trousers hemmed", 75),
    Line(7, "offer", "crafts", "Baskets to order", 200),
    Line(7, "want", "digital", "Help with a form on the computer", 50),
    Line(8, "offer", "building", "Roofs made tight", 150, "Tin and thatch. I bring the nails."),
    Line(8, "offer", "crafts", "Stools and shelves", 300),
    Line(8, "want", "children", "Minding our twins on market day", 150),
    Line(
        *(9, "offer", "meal", "Tamales los domingos", 50, "Docena por encargo, con o sin chile."),
        *("dozen", 12, "Domingos"),
    ),
    Line(9, "offer", "health", "Hierbas medicinales y consejos", 50),
    Line(9, "offer", "household", "Lavado de ropa a mano", 75),
    Line(9, "want", "garden", "Compost or manure, a cartload", 100),
    Line(10, "offer", "repair", "Radios and lamps repaired", 100),
    Line(10, "offer", "electricity", "Solar panel wiring", 150, "", "hour"),
    Line(10, "want", "food", "Honey, a kilo", 200),
    Line(11, "offer", "clothing", "Sewing: dresses and uniforms", 150),
    Line(11, "offer", "sewing", "Sewing lessons, two people", 100, "", "lesson"),
    Line(11, "want", "tools", "Treadle sewing machine to borrow", None),
    Line(12, "offer", "household", "Firewood split and carried", 100, "Also other things that are heavy."),
    Line(12, "offer", "food", "Smoked fish", 100),
    Line(12, "want", "repair", "Net needle and twine", 50),
    Line(
        13,
        "offer",
        "digital",
        "Phones set up and explained",
        75,
        "Patiently. Also for people who never had one.",
    ),
    Line(13, "offer", "teaching", "Mathematics for school exams", 100),
    Line(13, "want", "transport", "Parcel carried to Hill village", 100),
    Line(14, "offer", "repair", "Welding: gates and hinges", 150),
    Line(14, "offer", "garden", "Fruit trees pruned", 100),
    Line(15, "offer", "crafts", "Beads and school bags", 150),
    Line(15, "offer", "children", "Songs and stories, Saturday", 50),
    Line(15, "want", "household", "A table, any age", 300),
    Line(16, "offer", "transport", "Aulas de direção de trator", 150, "Tractor driving lessons."),
    Line(16, "want", "teaching", "English for my sister", 100),
    Line(17, "offer", "plant", "Seedlings: cabbage, tomato, pepper", 25, "", "piece", 60),
    Line(17, "want", "building", "Greenhouse frame to be put up", 400),
    Line(18, "offer", "preserve", "Jam and pickles in glass", 50, "", "piece", 14),
    Line(19, "offer", "other", "Stories of the old village", 0, "Free. Come and sit with me."),
    Line(0, "offer", "transport", "Lift to the clinic, any Tuesday", 100, "In the hub's van, four places."),
    Line(0, "want", "other", "Somebody to sweep the meeting hall", 100),
)

BOUGHT: Final = (
    ("food", "Vegetables at the market"),
    ("food", "Milk, two litres"),
    ("food", ""),
    ("household", "Cleaning together"),
    ("garden", "Weeding, a morning"),
    ("transport", "Lift to town"),
    ("repair", "Water tap"),
    ("children", "Picked up from school"),
    ("crafts", "Broom"),
    ("other", "Thank you!"),
    ("other", ""),
    ("food", "Gracias por el almuerzo"),
)
"""What people pay for that nobody listed: category and note."""

ASKED: Final = (
    ("repair", "Bicycle, two punctures"),
    ("food", "Cheese for last week"),
    ("building", "Half a day on the roof"),
    ("clothing", "Trousers shortened"),
    ("transport", "Cart to the mill"),
    ("teaching", "Four English lessons"),
    ("household", "Washing, two baskets"),
    ("food", "Pan del sábado"),
)
"""What people ask to be paid for: category and note."""

CARED: Final = (
    ("elder", "Old Matthew", "Cooked, and walked with him to the river"),
    ("child", "Kwame's twins", "Minded while their mother was at the clinic"),
    ("sick", "Elena", "Changed the dressing and brought water"),
    ("company", "Old Matthew", "Sat with him in the evening"),
    ("commons", "The spring", "Cleaned the basin and the ditch"),
    ("birth", "Amina's sister", "Helped through the night"),
    ("household", "Yuki, with a broken wrist", "Wood, water and laundry"),
    ("elder", "Rosa's mother", "Washed and read to her"),
    ("child", "Priya's son", "Homework and supper"),
)
"""Care: kind, for whom, what was done."""

WRITTEN: Final = (
    (170, 3, 2, "Is there cheese left this week, Alice?"),
    (150, 2, 3, "Two pieces are yours. Come after four, I am at the mill."),
    (40, 10, 2, "Traigo la ropa lavada mañana por la mañana, ¿está bien?"),
)
"""Messages: so many minutes before now, from whom to whom (numbers), what."""
