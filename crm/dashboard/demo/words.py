"""What the demo's people, firms and conversations are made of."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


FIRST_NAMES = _words("""
Ada Alma Amara Anders Anika Arlo Asha Beatriz Bela Bruno Callum Camila Carys Celia Chidi Clara Dalia Dario Dina
Edith Elias Elsa Emeka Esme Farid Felix Fiona Gita Greta Hana Hector Hugo Ida Ines Ivo Jamal Jonas Joy Kai Karin
Keiko Kofi Lars Leila Lena Lionel Lucia Mara Marcus Mateo Mila Mina Nadia Naomi Nico Noor Olive Omar Oscar Paloma
Petra Quentin Rafael Rania Rosa Ruben Sadie Samir Selma Soren Stella Tara Theo Tomas Uma Vera Viktor Wanda Xenia
Yara Yusuf Zora
""")

LAST_NAMES = _words("""
Abbott Adeyemi Almeida Archer Arslan Banerjee Barrow Bauer Becker Bellamy Bergstrom Birch Blake Bonnet Brandt Calder
Campos Castle Chandra Cole Corbett Cruz Dalton Darrow Delgado Dimitrov Drake Duarte Eaton Ekström Ellery Espinoza
Fairley Farrow Fischer Flint Fontaine Fraser Galvez Gardner Gordon Greene Gruber Hadley Halvorsen Hartley Hayashi
Holloway Ibarra Ingram Iversen Jansen Jensen Kamara Keller Khan Kirby Kowalski Lambert Larkin Lindqvist Lowell
Maddox Marlow Medina Mercer Mistry Moreau Muñoz Nakata Navarro Norwood Nowak Oduya Okafor Ortega Parrish Pereira
Pryor Quimby Ramirez Reeve Rinaldi Roth Rowe Salazar Santoro Schaefer Sethi Shaw Silva Sorensen Stone Tanaka Thorne
Toledo Underhill Valdez Vance Vogel Walsh Weaver Whitlock Winter Yamada Yates Zamora Ziegler
""")

FIRM_HEADS = _words("""
Alder Amber Anchor Aspen Beacon Birchwood Bluestone Brook Canyon Cedar Clearwater Clover Copper Crescent Delta Ember
Fairfield Falcon Garnet Granite Harbor Hazel Highland Juniper Lakeside Lantern Maple Meadow Mesa Northgate Oakridge
Orchard Pinecrest Prairie Quarry Ridgeline Riverside Saddle Silver Summit Sunnyside Timber Union Valley Willow Wren
""")

FIRM_TAILS = [
    "Bakery", "Bookshop", "Brewing", "Builders", "Cold Storage", "Dairy", "Dental", "Farms", "Feed & Seed", "Fitness",
    "Foods", "Freight", "Gardens", "Hardware", "Hotel", "Joinery", "Laundry", "Logistics", "Machine Works", "Market",
    "Motors", "Nursery", "Packaging", "Printers", "Property", "Schools", "Storage", "Textiles", "Veterinary", "Winery",
]  # fmt: skip
TITLES = ["Owner", "Office manager", "Head of operations", "Facilities manager", "Finance lead", "Director", "Buyer"]

# Area code, city, state and the zone in which the number's owner most likely is.
AREAS = [
    ("212", "New York", "NY"), ("617", "Boston", "MA"), ("215", "Philadelphia", "PA"), ("202", "Washington", "DC"),
    ("404", "Atlanta", "GA"), ("305", "Miami", "FL"), ("813", "Tampa", "FL"), ("704", "Charlotte", "NC"),
    ("919", "Raleigh", "NC"), ("412", "Pittsburgh", "PA"), ("216", "Cleveland", "OH"), ("614", "Columbus", "OH"),
    ("313", "Detroit", "MI"), ("716", "Buffalo", "NY"), ("860", "Hartford", "CT"), ("401", "Providence", "RI"),
    ("312", "Chicago", "IL"), ("414", "Milwaukee", "WI"), ("612", "Minneapolis", "MN"), ("314", "St. Louis", "MO"),
    ("816", "Kansas City", "MO"), ("504", "New Orleans", "LA"), ("713", "Houston", "TX"), ("512", "Austin", "TX"),
    ("210", "San Antonio", "TX"), ("214", "Dallas", "TX"), ("405", "Oklahoma City", "OK"), ("402", "Omaha", "NE"),
    ("615", "Nashville", "TN"), ("901", "Memphis", "TN"), ("303", "Denver", "CO"), ("801", "Salt Lake City", "UT"),
    ("505", "Albuquerque", "NM"), ("208", "Boise", "ID"), ("602", "Phoenix", "AZ"), ("520", "Tucson", "AZ"),
    ("702", "Las Vegas", "NV"), ("775", "Reno", "NV"), ("213", "Los Angeles", "CA"), ("619", "San Diego", "CA"),
    ("415", "San Francisco", "CA"), ("916", "Sacramento", "CA"), ("408", "San Jose", "CA"), ("559", "Fresno", "CA"),
    ("503", "Portland", "OR"), ("206", "Seattle", "WA"), ("509", "Spokane", "WA"),
    ("907", "Anchorage", "AK"),
]  # fmt: skip

# The beginnings of numbers that are kept free for fiction there too, but for the last two digits; country, city, state.
# Somewhere there it is always day on which calls are permitted: late on Saturday on Hawaii, when all others sleep.
ABROAD = [
    ("+4420794601", "GB", "London", ""), ("+4420794602", "GB", "London", ""), ("+612555011", "AU", "Sydney", ""),
    ("+468465004", "SE", "Stockholm", ""), ("+180855501", "US", "Honolulu", "HI"),
]  # fmt: skip

# What calls came to: a summary, and a few lines of them.
SAID = [
    ("Asked for an offer for the whole roof.", (
        ("contact", "Yes, I filled in the form last week."), ("agent", "Wonderful. How large is the roof?"),
        ("contact", "About a hundred square metres. What would that cost?"), ("agent", "You will have an offer today."),
    )),
    ("Wants to talk it over with the family first.", (
        ("contact", "It sounds good, but we have to talk about it at home."), ("agent", "Shall we call again?"),
        ("contact", "Next week, please."),
    )),
    ("Compares two offers; the battery decides.", (
        ("contact", "We have another offer already."), ("agent", "May I ask what matters most to you?"),
        ("contact", "The battery. Ours should last through a power cut."),
    )),
    ("Has no use for it at present.", (
        ("contact", "We are moving out next spring."), ("agent", "A good move, then."), ("contact", "Thank you."),
    )),
    ("Asked how the financing works.", (
        ("contact", "Can it be paid by the month?"), ("agent", "Yes, over ten or fifteen years."),
        ("contact", "Send me that in writing, please."),
    )),
]  # fmt: skip

SOURCES = {
    "Website": 26, "Google Ads": 18, "Facebook": 14, "Referral": 12, "Partner": 8, "Trade fair": 6, "Phone": 6,
    "Vendor": 10,
}  # fmt: skip
TAGS = ["battery", "commercial", "financing", "heat pump", "new build", "rooftop", "spring offer", "urgent", "vip"]
ROOFS = ["flat", "gable", "hip", "metal", "shingle", "tile"]

REASONS = {
    "mql": ["Asked for a quote", "Opened the offer twice", "Downloaded the guide"],
    "sql": ["Budget and roof fit", "Wants a site visit", "Decides within the quarter"],
    "opportunity": ["Offer sent", "Site visit done", "Comparing two offers"],
    "customer": ["Contract signed", "Deposit paid"],
    "lost": ["Chose another supplier", "Postponed until next year", "Roof not suitable", "No budget"],
}
NOTES = [
    "Prefers to be called after five.",
    "Wants the battery priced separately.",
    "Roof was renewed last year, papers are at hand.",
    "Spouse decides with them; send the offer to both.",
    "Asked whether the subsidy still applies.",
    "Electricity bill is higher than the form said.",
    "Landlord has to agree first.",
    "Left a message, will try again tomorrow morning.",
    "Very interested, wants a date for the site visit.",
    "Compares us with two others; price matters most.",
    "Asked for references nearby.",
    "Moving in spring, call again in March.",
]
