from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm.mail.tests.smtp_server import Postmaster, serving


@pytest.fixture
def postmaster(settings: Any, in_company: Any) -> Iterator[Postmaster]:
    with serving(settings) as postmaster:
        yield postmaster
