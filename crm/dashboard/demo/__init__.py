"""The demo: a company with weeks of history to look at, and a second, small one beside it.

Made by `manage.py demo` (and by `manage.py up` in an empty database). Written straight to the tables, set by set, as
history taken over from elsewhere: the rules hold, and nobody is notified. The same seed tells the same stories,
placed relative to now. Every person, firm, address and number is made up; the numbers are among those that telephone
authorities keep free for fiction.
"""
