"""How Django writes dates and times, for each language of the product."""
