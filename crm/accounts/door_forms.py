"""The forms of the sign-in pages that differ from allauth's own."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as packaged
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from allauth.core import context, ratelimit
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from crm.accounts.actions import Registration, accept_invitation, register_company, request_password_reset
from crm.accounts.adapter import invitation_of
from crm.accounts.errors import EmailTaken
from crm.accounts.models import User
from crm.accounts.user_fields import refuse_taken
from crm.core.errors import Refused


class Plain:
    """Labels say it; placeholders and hints that repeat them go."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""
        if "email" in self.fields:
            self.fields["email"].label = "E-mail"


class LoginForm(Plain, packaged.LoginForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail or user name"


class ChangePasswordForm(Plain, packaged.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(Plain, packaged.SetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordKeyForm(Plain, packaged.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(Plain, packaged.ReauthenticateForm):  # type: ignore[misc]
    pass


class SignupForm(Plain, packaged.SignupForm):  # type: ignore[misc]
    """Sets a company up, or joins one by `?invitation=…`.

    Without an invitation the answer is the same page for a new and for a taken address: nobody is signed in, and a mail
    tells the owner of the address which it was. Who holds an invitation has shown the address to be theirs and is
    signed in.
    """

    company_name = forms.CharField(label="Company", max_length=200)
    first_name = forms.CharField(label="First name", max_length=150)
    last_name = forms.CharField(label="Last name", max_length=150, required=False)
    field_order = ("company_name", "first_name", "last_name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation_of(context.request)
        for name, autocomplete in AUTOCOMPLETE.items():
            self.fields[name].widget.attrs["autocomplete"] = autocomplete
        self.fields["password1"].help_text = "At least 10 characters."
        if self.invitation is not None:
            del self.fields["company_name"]
            self.fields["email"].disabled = True
            self.fields["email"].initial = self.invitation.email

    def validate_unique_email(self, value: str) -> str:
        """Never an error: whether the address is taken is told by mail alone."""
        try:
            refuse_taken({"email": value})
        except EmailTaken:
            self.account_already_exists = True
        return value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        for name in ("company_name", "first_name", "last_name"):
            if name in cleaned and not (cleaned[name] or "").isprintable():
                self.add_error(name, "Letters, digits and signs alone.")
        return cleaned

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """`(user, None)` signs the user in; `(None, response)` is answered as it is."""
        if self.invitation is not None:
            return self._join(request)
        if self.account_already_exists:
            self._tell_owner(request)
        else:
            self._register(request)
        return None, redirect("account_email_verification_sent")

    def _join(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        names = {name: self.cleaned_data[name] for name in ("first_name", "last_name")}
        try:
            return accept_invitation(request.GET["invitation"], password=self.cleaned_data["password1"], **names), None
        except Refused:  # used or withdrawn since the form was shown: the page says so
            return None, redirect(request.get_full_path())

    def _register(self, request: HttpRequest) -> None:
        names = {name: self.cleaned_data[name] for name in ("company_name", "email", "first_name", "last_name")}
        try:
            register_company(Registration(password=self.cleaned_data["password1"], **names))
        except EmailTaken:
            self._tell_owner(request)

    def _tell_owner(self, request: HttpRequest) -> None:
        """Takes the time of a registration: most of it goes into the password."""
        make_password(self.cleaned_data["password1"])
        email = self.cleaned_data["email"]
        if ratelimit.consume(request, action="confirm_email", key=email):
            get_adapter().send_account_already_exists_mail(email)


AUTOCOMPLETE = {
    "company_name": "organization",
    "first_name": "given-name",
    "last_name": "family-name",
    "email": "email",
}


class AddEmailForm(Plain, packaged.AddEmailForm):  # type: ignore[misc]
    """The address that one wishes to have: it waits beside the present one until its link is opened."""

    def save(self, request: HttpRequest) -> EmailAddress:
        EmailAddress.objects.filter(user_id=self.user.pk).exclude(email=self.user.email).delete()
        address = EmailAddress.objects.create(user_id=self.user.pk, email=self.cleaned_data["email"])
        send_verification_email_to_address(request, address)
        return address


class ResetPasswordForm(Plain, packaged.ResetPasswordForm):  # type: ignore[misc]
    """Looks nobody up: a task does, after the answer."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        email: str = self.cleaned_data["email"]
        request_password_reset(email)
        return email
