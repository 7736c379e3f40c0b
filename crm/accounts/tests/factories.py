"""Companies and users for tests; each row is made in the company that it names."""

from __future__ import annotations

from typing import Any

import factory
from django.contrib.auth.hashers import make_password

from crm.accounts.models import Company, User
from crm.accounts.permissions_table import Role
from crm.core.tenancy import company_active

PASSWORD = "correct horse battery"
HASHED = make_password(PASSWORD)


class CompanyFactory(factory.django.DjangoModelFactory[Company]):
    name = factory.Sequence(lambda n: f"Company {n}")

    class Meta:
        model = Company


class TenantFactory(factory.django.DjangoModelFactory[Any]):
    """Creates inside the given company, or in the active one where none is given."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        company = kwargs.pop("company", None)
        if company is None:
            return super()._create(model_class, *args, **kwargs)
        with company_active(company.pk):
            return super()._create(model_class, *args, **kwargs)


class UserFactory(TenantFactory):
    email = factory.Sequence(lambda n: f"user{n}@example.com")
    first_name = factory.Sequence(lambda n: f"First{n}")
    last_name = "Last"
    role = Role.AGENT
    password = HASHED

    class Meta:
        model = User
