"""What is wrong with a request, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import APIException

MISSING = "missing"


@dataclass(frozen=True)
class Problem:
    """One field: where it stands (`("body", "phone_e164")`), a sentence, and a code."""

    loc: tuple[str | int, ...]
    msg: str
    type: str = "value_error"

    def as_json(self) -> dict[str, Any]:
        return {"loc": list(self.loc), "msg": self.msg, "type": self.type}


class Unacceptable(APIException):
    """Fields of the request are refused: 400 if any is missing, else 422; all of them are listed."""

    status_code = 422

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        if any(problem.type == MISSING for problem in self.problems):
            self.status_code = 400
        super().__init__("; ".join(problem.msg for problem in self.problems))


def query_problem(name: str, message: str, code: str = "value_error") -> Unacceptable:
    return Unacceptable([Problem(("query", name), message, code)])
