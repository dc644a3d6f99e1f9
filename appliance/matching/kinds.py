"""Under which kind of the shipped taxonomy a listing belongs, by what it says: a proposal for who writes it.

Each concept of the lexicon leads to a kind: by itself, or by the nearest concept above it that does. What is
done with a thing (repair, teach) comes first where there is a kind for that.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from appliance.matching.lexicon import lexicon
from appliance.matching.meaning import Segment
from appliance.matching.reading import read

MOST: Final = 3
"""How many kinds are proposed."""

CONCEPTS: Final[Mapping[str, str]] = {
    # kind: the concepts that lead to it
    "food": "food oil salt vinegar water baby_food spice herb",
    "vegetable": "vegetable", "fruit": "fruit nut olive", "grain": "grain pulse rice pasta flour milling",
    "bread": "baked bread cake bake", "dairy": "dairy egg tofu", "meat": "meat fish sausage",
    "meal": "meal cooking sweet ice_cream", "preserve": "preserve honey sugar drink preserving ferment peanut_butter",
    "garden": "garden greenhouse flower_pot", "gardening": "gardening digging planting mowing pruning watering hedge lawn",
    "harvest": "harvest farming", "plant": "plant @plant flower tree", "compost": "compost soil",
    "firewood": "firewood wood_chopping", "land": "land",
    "animals": "animals coop", "poultry": "poultry chicken", "livestock": "goat sheep cow pig horse rabbit donkey",
    "pet": "pet dog cat bird", "bee": "bee beekeeping", "feed": "hay",
    "animal_care": "pet_care herding milking shearing vet slaughter grooming dog_training",
    "household": "household container clock mirror soap recycling", "cleaning": "housework clean_act laundry ironing chimney_sweeping",
    "furniture": "furniture bedding", "kitchen": "kitchenware stove", "appliance": "appliance lamp",
    "toys_books": "toy book", "lodging": "lodging storage room", "house_sitting": "house_sitting plant_sitting guarding",
    "repair": "repair_work", "car_repair": "car_repair car_wash", "bicycle_repair": "bicycle_repair",
    "shoe_repair": "shoe_repair", "sharpening": "sharpening", "odd_jobs": "handyman",
    "machine_repair": "watch_repair",
    "building": "building construct", "carpentry": "carpentry", "masonry": "masonry roofing insulation flooring gutter_cleaning roof wall",
    "plumbing": "plumbing water_pipe well_digging", "electricity": "electrician wiring solar",
    "painting": "house_painting paint wallpapering", "metalwork": "welding locksmith", "material": "material shed door",
    "tools": "tools",
    "transport": "transport", "ride": "ride", "errand": "errand", "moving_house": "moving_house",
    "bicycle": "bicycle", "vehicle": "vehicle", "cart": "cart boat",
    "clothing": "", "clothes": "clothes", "shoes": "shoes", "sewing": "sew tailoring mending sewing_machine",
    "fabric": "fabric knitting crochet weaving embroidery", "crafts": "crafts fine_art art_painting",
    "teaching": "teaching swimming martial_arts", "language": "language", "homework": "homework literacy",
    "music_lessons": "", "driving_lesson": "driving_lesson", "computer_lessons": "office_software",
    "sports": "sports chess sports_gear biking",
    "health": "health medicine dentist podiatry blood_pressure", "massage": "massage", "haircut": "beauty haircut",
    "natural_healing": "natural_healing", "nursing": "nursing midwife", "fitness": "fitness",
    "counselling": "counselling", "aids": "wheelchair glasses crutches",
    "children": "care child", "babysitting": "babysitting", "elder_care": "elder_care elder",
    "companionship": "companionship", "baby_things": "baby_gear baby",
    "digital": "digital", "phone": "phone", "computer": "computer it_support internet", "radio_tv": "radio_tv camera",
    "web_design": "website programming design", "writing": "office stationery writing accounting legal", "translation": "translation",
    "printing": "printing three_d_printing",
    "events": "music_events sound_system", "music": "music singing tuning", "celebration": "wedding decoration face_painting",
    "dance": "dance storytelling", "photography": "photography", "venue": "venue", "trip": "guide boat_trip fishing tent",
    "other": "tarot",
}  # fmt: skip

_DONE: Final[Mapping[str, Mapping[str, str]]] = {
    "@repair": {
        "bicycle": "bicycle_repair", "vehicle": "car_repair", "shoes": "shoe_repair", "clothes": "sewing",
        "computer": "computer", "phone": "phone", "furniture": "carpentry", "roof": "masonry", "wall": "masonry",
        "water_pipe": "plumbing", "wiring": "electricity", "instrument": "music", "": "machine_repair",
    },
    "@teach": {
        "language": "language", "homework": "homework", "music": "music_lessons", "singing": "music_lessons",
        "digital": "computer_lessons", "sports": "sports", "fitness": "fitness", "": "teaching",
    },
}  # fmt: skip
"""What is done with a thing: the kind by the thing, or by what it is a kind of; under "" of any other."""


@cache
def _led_to() -> dict[str, str]:
    return {concept: kind for kind, concepts in CONCEPTS.items() for concept in concepts.split()}


def proposed(title: str, text: str = "") -> tuple[str, ...]:
    """The shipped kinds under which such a listing belongs, the likeliest first; at most ``MOST``."""
    found: dict[str, None] = {}
    for segment in sorted(read(title, text), key=lambda one: -one.weight):
        for kind in _kinds(segment):
            found.setdefault(kind)
    return tuple(found)[:MOST]


def _kinds(segment: Segment) -> Iterator[str]:
    topics = (segment.head, *segment.more)
    for mode in segment.modes:
        things = _DONE.get(mode, {})
        for topic in topics:
            for key in topic.keys:
                near = _nearest(key, things)
                if near is not None or (things and key in lexicon().concepts):
                    yield near or things[""]
    for topic in topics:
        for key in topic.keys:
            if (kind := _nearest(key, _led_to())) is not None:
                yield kind


def _nearest(concept: str, led_to: Mapping[str, str]) -> str | None:
    """Where a concept leads by itself, or by the nearest one above it."""
    if concept in led_to:
        return led_to[concept]
    above = sorted(lexicon().above(concept).items(), key=lambda item: item[1])
    return next((led_to[name] for name, _steps in above if name in led_to), None)
