"""What the desk asks for: a new lead, a lead's plain fields, a contact, and the particulars of an action."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from agents.models import Agent
from crm.core.admin import RefusableForm
from crm.core.admin_fields import ObjectField, TagsField
from leads import dispositions
from leads.errors import InvalidPhone
from leads.models import Contact, Lead, Priority, Stage, Strategy
from leads.phone_numbers import normalize


def text(max_length: int, **options: Any) -> forms.CharField:
    widget = options.pop("widget", UnfoldAdminTextInputWidget())
    return forms.CharField(required=False, max_length=max_length, widget=widget, **options)


class LeadForm(RefusableForm):
    """The fields that no rule hangs on."""

    tags = TagsField()
    custom_fields = ObjectField()
    qualification_data = ObjectField()

    class Meta:
        model = Lead
        fields: ClassVar[list[str]] = []  # the admin names them


class NewLeadForm(LeadForm):
    """A contact of the company, or a new person; an agent, or none."""

    first_name = text(150)
    last_name = text(150)
    email = text(254, widget=UnfoldAdminEmailInputWidget())
    phone = text(40)
    organization = text(200, label="Employer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contact"].required = False

    def clean_contact(self) -> Contact | None:
        contact: Contact | None = self.cleaned_data["contact"]
        if contact is not None and contact.deleted_at is not None:
            raise ValidationError("This contact has been deleted.")
        return contact


class ContactForm(RefusableForm):
    """A person; phone numbers are taken as people write them."""

    phone_e164 = text(40, label="Phone")
    tags = TagsField()
    custom_fields = ObjectField()
    default_country = ""  # the company's, set by the admin

    class Meta:
        model = Contact
        fields: ClassVar[list[str]] = []

    def clean_phone_e164(self) -> str:
        number = self.cleaned_data["phone_e164"]
        try:
            return normalize(number, self.default_country) if number else ""
        except InvalidPhone as refusal:
            raise ValidationError(refusal.message) from None


class AssignForm(forms.Form):
    """How to share the chosen leads out, and among whom."""

    strategy = forms.ChoiceField(
        choices=[(value, label) for value, label in Strategy.choices if value != Strategy.CLAIM],
        initial=Strategy.CAPACITY,
        widget=UnfoldAdminSelectWidget(),
    )
    agents = forms.ModelMultipleChoiceField(
        Agent.objects.none(),
        required=False,
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 10}),
        help_text="None: all active agents. By hand fills them in the order of the list.",
    )
    notes = text(500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agents"].queryset = Agent.objects.active()  # type: ignore[attr-defined]

    def clean(self) -> None:
        if self.cleaned_data.get("strategy") == Strategy.MANUAL and not self.cleaned_data.get("agents"):
            self.add_error("agents", "By hand needs an agent.")


class StageForm(forms.Form):
    stage = forms.ChoiceField(choices=Stage.choices, widget=UnfoldAdminSelectWidget())
    reason = text(1000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))


class DispositionForm(forms.Form):
    disposition = forms.ChoiceField(widget=UnfoldAdminSelectWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(outcome.key, outcome.label) for outcome in dispositions.choices()]
        self.fields["disposition"].choices = offered  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    reason = text(500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))


class ChangeForm(forms.Form):
    """What all chosen leads are to have; what is left empty stays. `changes` is for `update_many`."""

    priority = forms.TypedChoiceField(
        choices=[("", "As it is"), *Priority.choices],
        coerce=int,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    add_tags = TagsField(help_text="By commas; beside those that each lead has.")

    def clean(self) -> None:
        given = {name: self.cleaned_data.get(name) for name in ("priority", "add_tags")}
        self.changes = {name: value for name, value in given.items() if value}
        if not self.changes and not self.errors:
            self.add_error(None, "Choose what to change first.")


class SureForm(forms.Form):
    """Nothing to fill in: whether it is meant."""
