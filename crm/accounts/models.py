"""Companies, the people who sign in, and how they do."""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models.expressions import Expression
from django.db.models.functions import Lower
from django.utils.timezone import now

from crm.accounts.permissions_table import Role, allows, django_permission
from crm.core.ids import uuid7
from crm.core.tenancy import TenantModel, TenantQuerySet, unscoped


def default_business_hours() -> dict[str, list[list[str]]]:
    return {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def default_calling_hours() -> dict[str, str]:
    return {"start": "08:00", "end": "21:00"}


class SlaClock(models.TextChoices):
    CALENDAR = "calendar", "Calendar time"
    BUSINESS = "business", "Business hours"


class DuplicatePolicy(models.TextChoices):
    REFUSE = "refuse", "Refuse a second open lead"
    FLAG = "flag", "Create it and flag it as a duplicate"


class Company(models.Model):
    """The tenant: every row of business data belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    timezone = models.CharField(max_length=64, default="UTC")
    default_country = models.CharField(max_length=2, default="US")
    currency = models.CharField(max_length=3, default="USD")
    business_hours = models.JSONField(default=default_business_hours)
    holidays = models.JSONField(default=list, help_text="ISO dates on which nobody works")
    sla_duration_minutes = models.PositiveIntegerField(default=120)
    sla_by_priority = models.JSONField(default=dict, help_text="Minutes by priority, where they differ")
    sla_clock = models.CharField(max_length=8, choices=SlaClock, default=SlaClock.CALENDAR)
    calling_hours = models.JSONField(default=default_calling_hours, help_text="In the contact's local time")
    agents_may_claim = models.BooleanField(default=True)
    accept_minutes = models.PositiveIntegerField(null=True, blank=True)
    attribution_days = models.PositiveIntegerField(default=30)
    duplicate_policy = models.CharField(max_length=8, choices=DuplicatePolicy, default=DuplicatePolicy.REFUSE)
    qualify_threshold = models.PositiveSmallIntegerField(default=70)
    promote_threshold = models.PositiveSmallIntegerField(default=75)
    disqualify_threshold = models.PositiveSmallIntegerField(default=40)
    record_calls = models.BooleanField(default=False)
    recording_notice = models.CharField(
        max_length=300,
        blank=True,
        default="This call may be recorded.",
        help_text="Said first, if calls are recorded",
    )
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "companies"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserQuerySet(TenantQuerySet["User"]):
    def matching(self, words: str) -> Self:
        """Every word in a name, the e-mail or the user name."""
        found = self
        for word in words.split():
            fields = ("first_name", "last_name", "email", "username")
            found = found.filter(reduce(or_, (models.Q(**{f"{field}__icontains": word}) for field in fields)))
        return found

    def with_load(self) -> Self:
        """Each user's agent, where it has one, with `held`, the number of its open leads; one query for all."""
        agents: Any = self.model._meta.get_field("agent").related_model  # a higher floor, reached by name
        return self.prefetch_related(models.Prefetch("agent", queryset=agents.objects.with_load()))


class PlatformUserQuerySet(UserQuerySet):
    """For the base manager: a platform superuser, who has no company, is known behind a foreign key.

    Also for reading users with their companies: `objects` would join the company and so leave superusers out.
    """

    platform_rows = True


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    use_in_migrations = False

    def create_superuser(self, email: str, password: str, **extra: Any) -> User:
        """A platform superuser: belongs to no company and sees every one, one at a time."""
        user = User(email=email.lower(), is_superuser=True, role=Role.ADMIN, **extra)
        user.set_password(password)
        with unscoped("a superuser belongs to no company"):
            user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        with unscoped("e-mails are unique in the installation"):
            return self.get(email__iexact=username)  # type: ignore[no-any-return]


class Theme(models.TextChoices):
    SYSTEM = "system", "System"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class User(TenantModel, AbstractBaseUser):
    """A person who signs in, by e-mail or user name, with one company and one role."""

    company = models.ForeignKey(  # type: ignore[assignment]
        Company, models.PROTECT, null=True, blank=True, editable=False, related_name="users"
    )
    email = models.EmailField(max_length=254, help_text="Lower case")
    username = models.CharField(max_length=150, null=True, blank=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    role = models.CharField(max_length=8, choices=Role, default=Role.AGENT)
    is_active = models.BooleanField(default=True)
    is_superuser = models.BooleanField(default=False, editable=False)
    timezone = models.CharField(max_length=64, blank=True, help_text="Empty: the company's")
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    notification_choices = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="By kind and channel, where it was chosen",
    )
    date_joined = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UserManager()  # type: ignore[misc]
    known = PlatformUserQuerySet.as_manager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    personal: ClassVar[frozenset[str]] = frozenset({"email", "username", "first_name", "last_name"})

    class Meta:
        base_manager_name = "known"
        default_manager_name = "objects"
        ordering = ["first_name", "last_name", "id"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.UniqueConstraint(Lower("username"), name="user_username_once"),
            models.CheckConstraint(
                condition=models.Q(is_superuser=True) | models.Q(company__isnull=False), name="user_has_company"
            ),
        ]
        indexes = [models.Index(fields=["company", "role"], name="user_by_company")]  # the users page

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email

    def get_full_name(self) -> str:
        return self.name

    @property
    def is_staff(self) -> bool:
        """May enter Django admin."""
        return self.is_active and (self.is_superuser or allows(self, "admin.use"))

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and (self.is_superuser or django_permission(self, perm))

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff


class Anonymous(AnonymousUser):
    """Nobody, with no company; may nothing."""

    company = None
    company_id = None
    role = ""


class Invitation(TenantModel):
    """A mailed link that lets somebody join the company in a role."""

    email = models.EmailField()
    role = models.CharField(max_length=8, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    personal: ClassVar[frozenset[str]] = frozenset({"email"})

    class Meta:
        indexes = [models.Index(fields=["company", "-created_at"], name="invitation_newest")]  # the users page

    def __str__(self) -> str:
        return f"{self.email} as {self.get_role_display()}"


class ApiSessionQuerySet(TenantQuerySet["ApiSession"]):
    def live(self, at: datetime | Expression) -> Self:
        """Those that work: not ended, of users who are on; with user and company, in one query."""
        on = self.filter(ended_at=None, expires_at__gt=at, user__is_active=True)
        return on.select_related("user__company")


class ApiSession(TenantModel):
    """A signed-in API client: its access tokens name the row, so that a logout or a reused token ends it at once."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_sessions")
    refresh_hash = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the refresh token now valid")
    created_at = models.DateTimeField(default=now, editable=False)
    refreshed_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)

    objects = ApiSessionQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        indexes = [models.Index(fields=["user", "ended_at"], name="api_session_of_user")]  # end all of a user's

    def __str__(self) -> str:
        return f"{self.user_id} since {self.created_at:%Y-%m-%d %H:%M}"
