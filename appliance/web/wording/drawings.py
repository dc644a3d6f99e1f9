"""The drawings of the shipped kinds of the second level: one path each, on the 24 x 24 grid of ``labels``.

A group has its drawing in ``labels``; so have *tools* and *crafts*, which payments have, too.
"""

from collections.abc import Mapping
from typing import Final

KINDS: Final[Mapping[str, str]] = {
    # food
    "vegetable": "M14 10L4 20c-1-4 2-11 6-12 2 0 4 1 4 2zM13 8c0-3 2-5 4-5M15 9c2-2 4-2 6-1",
    "fruit": "M12 8c-3-2-7-1-7 4 0 5 3 9 5 9l2-1 2 1c2 0 5-4 5-9 0-5-4-6-7-4zM12 8c0-3 1-5 3-5",
    "grain": "M12 21V8c-2-1-2-4 0-5 2 1 2 4 0 5M12 14c-3 0-4-2-4-4 3 0 4 2 4 4c0-2 1-4 4-4 0 2-1 4-4 4M12 19c-3 0-4-2-4-4"
    "M12 19c3 0 4-2 4-4",
    "bread": "M5 11c-3-2-1-6 3-6h8c4 0 6 4 3 6v8H5zM9 9v3M12 9v3M15 9v3",
    "dairy": "M9 3h6v4l2 3v11H7V10l2-3zM7 13h10",
    "meat": "M15 3a6 6 0 0 0-6 6c0 3-1 4-2 5l3 3c1-1 2-2 5-2a6 6 0 0 0 0-12zM7 14l-3 3 3 3 3-3",
    "meal": "M3 10h18M5 10v7c0 2 1 4 3 4h8c2 0 3-2 3-4v-7M7 10a5 4 0 0 1 10 0M12 3v3",
    "preserve": "M8 3h8v3H8zM7 6h10c1 2 2 3 2 5v10H5V11c0-2 1-3 2-5zM5 13h14",
    # garden
    "gardening": "M12 3v10M9 3h6M8 12h8v4c0 3-2 5-4 6-2-1-4-3-4-6z",
    "harvest": "M3 10h18l-2 11H5zM7 10a5 6 0 0 1 10 0M9 13v5M12 13v5M15 13v5",
    "plant": "M7 15h10l-1 6H8zM12 15V9c0-4 2-6 6-6 0 4-2 6-6 6M12 12c0-3-2-5-6-5 0 3 2 5 6 5",
    "compost": "M2 20h20M4 20c2-6 4-9 8-9s6 3 8 9M12 8V3M9 5l3-2 3 2M9 16h.1M14 15h.1",
    "firewood": "M4 17a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M13 17a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0"
    "M8.5 10a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M12 10h.1",
    "land": "M2 20L8 10h8l6 10zM9 20l2-10M15 20l-2-10M10 5a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
    # animals
    "poultry": "M4 6a3 3 0 0 1 5 2c0 2 1 3 3 3 3 0 5-1 7-4 2 6-1 12-7 12-5 0-8-4-8-10L2 8zM10 19v3M13 19v3",
    "livestock": "M7 9c-3 1-5-1-5-3 3 0 4 0 5 1 1-2 9-2 10 0 1-1 2-1 5-1 0 2-2 4-5 3v6c0 4-2 6-5 6s-5-2-5-6zM10 12h.1M14 12h.1"
    "M8 16h8",
    "pet": "M12 12c-3 0-6 4-5 7 1 2 3 1 5 1s4 1 5-1c1-3-2-7-5-7zM5 9v2M9 5v3M15 5v3M19 9v2",
    "bee": "M8 13a4 6 0 1 0 8 0a4 6 0 1 0-8 0M8 12h8M8 15h8M9 9C5 3 2 5 2 8s3 4 6 3M15 9c4-6 7-4 7-1s-3 4-6 3",
    "feed": "M8 3h8l-2 4c4 3 5 7 5 11 0 2-1 3-3 3H8c-2 0-3-1-3-3 0-4 1-8 5-11zM9 14h6",
    "animal_care": "M12 21C5 16 3 13 3 9a4.5 4.5 0 0 1 9-2a4.5 4.5 0 0 1 9 2c0 4-2 7-9 12zM9 11h.1M12 10h.1M15 11h.1M12 13l-2 3h4z",
    # household
    "cleaning": "M20 3l-8 8M10 10l4 4c-1 4-3 6-8 7l-4-1 1-4c1-3 4-5 7-6M6 21l2-4",
    "furniture": "M6 3v18M6 13h11v8M6 17h11",
    "kitchen": "M2 9h13v5c0 3-2 5-6 5s-7-2-7-5zM15 11h7",
    "appliance": "M5 3h14v18H5zM8 14a4 4 0 1 0 8 0a4 4 0 1 0-8 0M8 6h2M15 6h1",
    "toys_books": "M4 12h7v8H4zM14 16a4 4 0 1 0 8 0a4 4 0 1 0-8 0M9 3h8v6H9z",
    "lodging": "M2 9l10-7 10 7M5 20v-9M5 17h14M19 20v-4c0-2-1-3-3-3h-6v4",
    "house_sitting": "M3 11l9-8 9 8M5 10v10h14V10M8 15a2 2 0 1 0 4 0a2 2 0 1 0-4 0M12 15h4v2",
    # repair
    "bicycle_repair": "M3 15a6 6 0 1 0 12 0a6 6 0 1 0-12 0M9 9v12M3 15h12M13 11l5-5c-1-2 1-4 3-4M18 6c2 1 4-1 4-3",
    "car_repair": "M4 11l2-5h10l2 5v5H3v-5h16M11 16v6M7 22h8",
    "machine_repair": "M6 12a6 6 0 1 0 12 0a6 6 0 1 0-12 0M10 12a2 2 0 1 0 4 0a2 2 0 1 0-4 0M12 2v4M12 18v4M2 12h4M18 12h4M5 5l3 3"
    "M16 16l3 3M19 5l-3 3M8 16l-3 3",
    "shoe_repair": "M7 2h7v8l6 3v5H7zM7 6h3M9 18v4M13 18v4M18 18v4",
    "sharpening": "M3 15L15 3c3 3 3 6 0 9l-3 3zM8 15l-4 6M18 15v3M20 17h-3",
    "odd_jobs": "M4 20L16 8M14 3l7 7M4 4l5 5M13 13l7 7M4 4h3M4 4v3",
    # building
    "carpentry": "M2 6h5v8H2zM7 7h15v3l-2 3-2-2-2 2-2-2-2 2-2-2-1 2",
    "masonry": "M3 5h18v14H3zM3 10h18M3 15h18M9 5v5M15 10v5M9 15v4",
    "plumbing": "M3 8h9c4 0 6 2 6 6v2h-4v-2c0-2-1-2-2-2H3zM8 8V4M5 4h6M16 19v2",
    "electricity": "M13 2L5 14h6l-1 8 9-13h-6z",
    "painting": "M4 4h14v5H4zM18 6h3v6h-9v3M10 15h4v7h-4z",
    "metalwork": "M3 8h18c-1 3-4 4-7 4v4h3v4H7v-4h3v-4c-4 0-6-1-7-4z",
    "material": "M3 6h18v4H3zM3 15h18v4H3zM6 10v5M18 10v5",
    # transport
    "ride": "M4 11l2-6h12l2 6v6H4zM4 11h16M6 17v3M18 17v3M7 14h1M16 14h1",
    "errand": "M5 8h14v13H5zM9 11V6a3 3 0 0 1 6 0v5",
    "moving_house": "M3 8l9-5 9 5v9l-9 5-9-5zM3 8l9 5 9-5M12 13v9",
    "bicycle": "M2 16a4 4 0 1 0 8 0a4 4 0 1 0-8 0M14 16a4 4 0 1 0 8 0a4 4 0 1 0-8 0M6 16l3-7h6l3 7M9 9l4 7M15 9l-1-3h3M8 7h3",
    "vehicle": "M5 16H2v-4l4-1 3-4h7l3 4 3 1v4h-3M9 16h6M5 17a2 2 0 1 0 4 0a2 2 0 1 0-4 0M15 17a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
    "cart": "M2 5h4l3 10h8l4-8H7M9 15l-3 5M14 19a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
    # clothing
    "clothes": "M10 6a2 2 0 1 1 2 2v2L2 17c0 2 1 2 2 2h16c1 0 2 0 2-2l-10-7",
    "shoes": "M3 9l5 1 3-3 3 4 7 3v4H3zM3 15h18",
    "sewing": "M6 3h12M6 21h12M8 3v18M16 3v18M8 9l8-2M8 13l8-2M8 17l8-2c4 0 5-2 5-5",
    "fabric": "M4 12a8 8 0 1 0 16 0a8 8 0 1 0-16 0M6 8c4 0 8 4 8 11M9 5c4 1 8 5 8 11M4 13c3 0 5 3 5 6M14 20h8",
    # teaching
    "language": "M3 4h11v8H8l-3 3v-3H3zM17 9h4v8h-2v3l-3-3h-6v-2M6 8h5",
    "homework": "M4 20l1-5L16 4l4 4L9 19zM13 7l4 4M13 21h8",
    "music_lessons": "M9 18V5l8-2v7M4 18a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M13 15h8M13 20h8",
    "driving_lesson": "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M10 12a2 2 0 1 0 4 0a2 2 0 1 0-4 0M3 11h7M14 11h7M12 14v7",
    "computer_lessons": "M3 4h18v12H3zM9 20h6M12 16v4M10 7l6 3-3 1-1 3z",
    "sports": "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M12 8l4 3-1.5 4.5h-5L8 11zM12 3v5M4 9l4 2M20 9l-4 2M7 19l2.5-3.5M17 19l-2.5-3.5",
    # health
    "massage": "M2 20c5-5 15-5 20 0M8 11V5M12 11V3M16 11V5M5 8v3c0 3 3 4 7 4s7-1 7-4V8",
    "haircut": "M4 6a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M4 18a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M8.5 8L20 19M8.5 16L20 5",
    "natural_healing": "M4 11h16c0 5-2 7-5 8v2H9v-2c-3-1-5-3-5-8zM14 11l5-8",
    "nursing": "M6 3v6a4 4 0 0 0 8 0V3M10 13v3a5 5 0 0 0 10 0v-2M18 12a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
    "fitness": "M3 9v6M6 6v12M18 6v12M21 9v6M6 12h12",
    "counselling": "M4 4h16v13h-9l-5 4v-4H4zM12 14c-3-2-4-3-4-5a2 2 0 0 1 4 0a2 2 0 0 1 4 0c0 2-1 3-4 5z",
    "aids": "M9 3a1.5 1.5 0 1 0 .1 0M9 8v6h6l3 6M9 10h5M8 11a5.5 5.5 0 1 0 7 7",
    # children
    "babysitting": "M3 4h2l3 8h12a8 8 0 0 0-8-8v8M8 12c0 3 2 5 5 5h2c3 0 5-2 5-5M8 20a1 1 0 1 0 2 0a1 1 0 1 0-2 0M16 20a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
    "elder_care": "M10 3a2.5 2.5 0 1 0 .01 0M10 8c-3 2-3 6-2 8v5M10 9l3 4h4M12 21l-1-6M17 12v9",
    "companionship": "M8 4a3 3 0 1 0 .01 0M16 4a3 3 0 1 0 .01 0M3 20c0-5 2-7 5-7s4 1 4 3c0-2 1-3 4-3s5 2 5 7",
    "baby_things": "M9 9h6c2 1 2 3 2 5v7H7v-7c0-2 0-4 2-5zM10 9V6h4v3M12 6V3M7 14h4M7 17h4",
    # digital
    "phone": "M6 3l4 1 1 5-3 2c1 3 3 5 6 6l2-3 5 1v4c0 2-2 2-3 2C10 21 3 14 3 6c0-1 1-3 3-3z",
    "computer": "M3 4h18v12H3zM8 20h8M12 16v4",
    "radio_tv": "M3 8h18v12H3zM7 3l5 5 5-5M18 12h.1M18 16h.1M6 11h9v6H6z",
    "web_design": "M3 4h18v16H3zM3 9h18M9 12l-3 3 3 3M15 12l3 3-3 3",
    "writing": "M5 3h14v18H5zM8 8h8M8 12h8M8 16h5",
    "translation": "M2 19L6 7l4 12M3.5 15h5M12 7h10M17 5v2M20 7c-1 4-3 7-7 9M14 10c1 3 4 5 7 6",
    "printing": "M7 9V3h10v6M7 18H3V9h18v9h-4M7 14h10v7H7z",
    # events
    "music": "M20 3l-7 7M18 3l3 3M11 9c-2-1-4 0-4 2-3 0-5 2-4 5 1 4 6 6 8 3 1-1 1-3 2-3 2 0 3-3 1-5zM9 15h.1",
    "celebration": "M4 12h16v9H4zM4 16c3 2 5-2 8 0s5-2 8 0M12 12V8M12 5h.1M8 12V9M16 12V9",
    "dance": "M13 3a2 2 0 1 0 .1 0M12 9l-5 2-2-4M12 9l4 3 4-2M12 9v6l-5 6M12 15l5 6",
    "photography": "M4 8h4l2-3h4l2 3h4v11H4zM12 10a3.5 3.5 0 1 0 .1 0",
    "venue": "M3 9l9-6 9 6zM5 9v11M19 9v11M10 9v11M14 9v11M3 20h18",
    "trip": "M2 20L9 6l5 9 2-4 6 9zM18 4a2 2 0 1 0 .1 0",
}
