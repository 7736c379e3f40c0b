"""The stories that simulated calls are drawn from: refusals, interest, call-backs, transfers and misunderstandings.

`disposition` is one that every company has. Where a line has several wordings, one is drawn; `{{then}}` is the moment
that the contact asks to be called at, `{{colleague}}` the person that the script transfers to.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    weight: int
    disposition: str
    mood: str
    summary: str
    lines: tuple[tuple[str, tuple[str, ...]], ...]
    calls_back: bool = False
    hangs_up: bool = False
    transfers: bool = False


CONTACT, AGENT, COLLEAGUE = "contact", "agent", "colleague"

STORIES = (
    Story(
        20,
        "qualified",
        "interested",
        "Asked for pricing and a demo; decides this quarter.",
        (
            (CONTACT, ("Oh, good timing. We were just talking about this.", "Yes, I filled in the form yesterday.")),
            (AGENT, ("Wonderful. What matters most to you?", "Good to hear. How are you handling this today?")),
            (
                CONTACT,
                (
                    "Mostly pricing. What would it cost for twenty people?",
                    "We need something for the whole team, and I would like to see a demo first.",
                    "Spreadsheets, honestly. If the trial goes well we would buy before the end of the quarter.",
                ),
            ),
            (AGENT, ("I can set up a demo this week and send the pricing ahead of it.",)),
            (CONTACT, ("Perfect, send it over. My boss has signed the budget off already.", "Yes, please do that.")),
        ),
    ),
    Story(
        11,
        "completed",
        "friendly",
        "Wants the material by e-mail and compares two offers; a little price-sensitive.",
        (
            (CONTACT, ("Sure, I have a minute.", "Okay, go ahead.")),
            (AGENT, ("Thank you. Are you still looking at options?",)),
            (CONTACT, ("We are, but it sounds expensive.", "Yes, though your competitor is cheaper.")),
            (AGENT, ("I understand. Most of our customers earn that back within a few months.",)),
            (CONTACT, ("Fair enough. Send me something that I can show around.", "All right, put it in an e-mail.")),
            (AGENT, ("You will have it today. Thank you for your time, {{first_name|and goodbye}}.",)),
        ),
    ),
    Story(
        14,
        "callback",
        "busy",
        "Had no time; asked to be called {{then}}.",
        (
            (CONTACT, ("I'm in a meeting. Can you call me back {{then}}?", "Not now. Try me {{then}}, please.")),
            (AGENT, ("Of course. I will call you {{then}}.",)),
            (CONTACT, ("Great, talk to you then.", "Thanks.")),
        ),
        calls_back=True,
    ),
    Story(
        14,
        "not_interested",
        "polite",
        "Has a solution and is not looking for another.",
        (
            (CONTACT, ("Thanks, but we are not interested.", "We already work with somebody and are happy there.")),
            (AGENT, ("May I ask what you use at the moment?",)),
            (CONTACT, ("I'd rather not. Have a nice day.", "We have just signed for three years. Goodbye.")),
        ),
    ),
    Story(
        4,
        "not_interested",
        "regretful",
        "The project was stopped for lack of money; may come up again next year.",
        (
            (CONTACT, ("Ah, yes. Unfortunately we have to stop this project.",)),
            (AGENT, ("I am sorry to hear that. Did something change?",)),
            (CONTACT, ("The budget was cut. Maybe next year.",)),
        ),
    ),
    Story(
        6,
        "do_not_call",
        "annoyed",
        "Asked to be taken off the list.",
        (
            (
                CONTACT,
                (
                    "Take me off your list.",
                    "Please take me off your list and do not call me again.",
                    "Stop calling me. I never asked for this.",
                ),
            ),
            (AGENT, ("I am sorry for the trouble. You will not be called again.",)),
        ),
    ),
    Story(
        5,
        "wrong_number",
        "puzzled",
        "The number belongs to somebody else.",
        (
            (CONTACT, ("Who? There is nobody of that name here.", "I think you have the wrong number.")),
            (AGENT, ("I am sorry to have disturbed you.",)),
        ),
    ),
    Story(
        7,
        "hung_up",
        "impatient",
        "Hung up during the opening.",
        ((CONTACT, ("Is this a robot?", "No, no, no.", "I don't have time for this.")),),
        hangs_up=True,
    ),
    Story(
        6,
        "not_qualified",
        "open",
        "Curious, but too small and without a budget.",
        (
            (CONTACT, ("I was only looking around.", "It is just me, working from home.")),
            (AGENT, ("How many people would use it?",)),
            (CONTACT, ("Only me, and I have no budget for it.", "One. I hoped that there is a free version.")),
            (AGENT, ("Then this may not be for you yet. Thank you for telling me.",)),
        ),
    ),
    Story(
        13,
        "qualified",
        "eager",
        "Asked for a person and was handed to {{colleague}}; wants an offer for the enterprise plan.",
        (
            (CONTACT, ("Can I talk to a real person?", "This is urgent. Can you put me through to somebody?")),
            (AGENT, ("Certainly. I am putting you through to {{colleague}}.",)),
            (COLLEAGUE, ("Hello {{first_name|there}}, {{colleague}} here. How can I help?",)),
            (CONTACT, ("We need the enterprise plan, as soon as possible. Can you make us an offer?",)),
            (COLLEAGUE, ("I will send it within the hour and call you to go through it.",)),
            (CONTACT, ("That is exactly what I wanted. Thank you.",)),
        ),
        transfers=True,
    ),
)
