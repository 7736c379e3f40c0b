"""Clean input of the pages of contacts."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms

from crm.core.api.fields import MAX_TAG, MAX_TAGS
from crm.core.forms import CleanForm
from leads.forms import MAX_TEXT, PairsField, TagsField
from leads.models import Contact
from leads.rows import phone_shown

ZONE = "Choose a time zone such as America/New_York."


class ContactForm(CleanForm):
    """A person; the phone in any national form."""

    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    phone = forms.CharField(
        max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})
    )
    email = forms.EmailField(max_length=254, required=False, label="E-mail")
    organization = forms.CharField(max_length=200, required=False, label="Employer")
    title = forms.CharField(max_length=200, required=False, label="Role")
    city = forms.CharField(max_length=100, required=False)
    region = forms.CharField(max_length=100, required=False)
    country = forms.CharField(max_length=2, required=False, help_text="Two letters, such as US")
    timezone = forms.CharField(
        max_length=64, required=False, label="Time zone", help_text="Empty: told from the phone number"
    )
    tags = TagsField(max_length=1000, required=False, help_text="By commas")
    custom_fields = PairsField(
        max_length=MAX_TEXT, required=False, help_text="One a line, as “name: value”", label="Further fields"
    )

    def clean_timezone(self) -> str:
        zone = str(self.cleaned_data["timezone"])
        if zone and zone not in available_timezones():
            raise forms.ValidationError(ZONE)
        return zone

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise forms.ValidationError("Write the country's two letters, such as US.")
        return country

    def clean_tags(self) -> list[str]:
        tags: list[str] = self.cleaned_data["tags"]
        if any(len(tag) > MAX_TAG for tag in tags) or len(tags) > MAX_TAGS:
            raise forms.ValidationError(f"A tag has at most {MAX_TAG} characters, a contact at most {MAX_TAGS} tags.")
        return tags

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not data.get("phone") and not data.get("email"):
            self.add_error("phone", "A contact needs a phone number or an e-mail address.")
        return data


def contact_initial(contact: Contact) -> dict[str, Any]:
    """What the edit form begins with, each in the form in which an untouched field comes back."""
    same = ("first_name", "last_name", "email", "organization", "title", "city", "region", "country", "timezone")
    return {
        **{name: getattr(contact, name) for name in same},
        "phone": phone_shown(contact.phone_e164) if contact.phone_e164 else "",
        "tags": contact.tags,
        "custom_fields": contact.custom_fields,
    }
