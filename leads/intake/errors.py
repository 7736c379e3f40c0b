"""What the intake from vendors refuses."""

from __future__ import annotations

from crm.core.errors import Conflict


class NotToBeContacted(Conflict):
    """A lead that nobody may pursue is not taken from a vendor."""

    code = "do_not_contact"

    def __init__(self) -> None:
        super().__init__("This person is not to be contacted")


class NotFromVendor(Conflict):
    """Only what a vendor sent goes back to one."""

    code = "not_from_vendor"

    def __init__(self) -> None:
        super().__init__("The lead came from no vendor")


class CustomersStay(Conflict):
    """What was sold is not given back."""

    code = "customers_stay"

    def __init__(self) -> None:
        super().__init__("The lead has become a customer")
