"""Words that say little about what is traded, in the languages of the portal. All folded (``text.fold``)."""

from typing import Final


def _folded(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


STOP_WORDS: Final = _folded(
    # English
    """a an and are at be by can could do for from get give had has have her his how if in into is it its me my no
    not of off on or our out she so some someone somebody something than that the their them then there these they
    this those to up us was we what when where which who will with would you your he i am as all any each every
    please per via
    """  # Spanish
    """al algo alguien ante con como cual cuando de del desde donde el ella en entre es esta este eso esos la las le
    les lo los mas me mi mis muy ni o para pero por que se ser si sin sobre son su sus te tu tus un una uno unos unas
    y ya nos nuestra nuestro hay cada
    """  # French and Portuguese
    """au aux avec ce ces dans des du elle et il ils je leur ma mes ne nous ou par pas pour qui sa ses sur une vos
    votre vous ao aos as com da das do dos em ela ele na nas no nos os ou pela pelo quem sao sem um uma
    """  # Swahili
    """kwa na ya wa za la cha vya ni katika au
    """
)
"""Words that say nothing about what is traded, already folded."""

WEAK_WORDS: Final = _folded(
    # Offering, wanting, doing and having in general; times and amounts; praise.
    """offer offering want wanted need needed looking look seek lend loan borrow rent swap share help helping hand
    helper service work working job make making made repair repairing fix fixing mend mending lesson class course
    teach learn good fresh new old used nice best big small large little great cheap free ready home house homemade
    hour day week month year morning afternoon evening weekend today tomorrow monday tuesday wednesday thursday
    friday saturday sunday time kilo piece person people man woman village thing other use available after
    """  # Spanish
    """ofrezco oferta busco buscar necesito necesita quiero quisiera presto prestar prestamo alquilo ayuda ayudar mano
    servicio trabajo hago hacer hecho hecha reparar reparo reparacion arreglar arreglo clase leccion curso ensenar
    aprender bueno buena fresco fresca nuevo nueva viejo vieja usado usada grande pequeno pequena gratis listo casa
    hogar casero casera hora dia semana mes ano manana tarde noche hoy lunes martes miercoles jueves viernes sabado
    domingo tiempo kilo pieza persona gente hombre mujer pueblo cosa otro otra uso
    """
)
"""Words that many listings share without being about the same thing. They never make a match alone."""

CATEGORY_WORDS: Final = {
    "food": _folded("food meal eat comida alimento"),
    "garden": _folded("garden gardening plant jardin huerto huerta planta"),
    "animals": _folded("animal pet animales mascota"),
    "household": _folded("household housework hogar"),
    "repair": _folded("broken roto rota averiado"),
    "building": _folded("building build construction construir obra construccion"),
    "tools": _folded("tool herramienta"),
    "transport": _folded("transport drive driving transporte llevar viaje"),
    "clothing": _folded("clothes clothing wear ropa"),
    "crafts": _folded("craft handmade artesania"),
    "teaching": _folded("teaching teacher learning tutor tutoring profesor profesora maestro maestra"),
    "health": _folded("health salud"),
    "children": _folded("child children kid nino nina ninos ninas"),
    "digital": _folded("digital"),
    "events": _folded("event party evento fiesta"),
}
"""Words that repeat the category: two listings of that category do not meet by them."""
