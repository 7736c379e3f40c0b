"""What the OpenAPI document says of each route: its handler's `@describe`, and what holds for every route."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, OpenApiResponse

from crm.core.api import paging
from crm.core.api.filters import StrictFilterSet
from crm.core.api.shapes import answer_of_list, rows_example, shape_of

H = TypeVar("H", bound=Callable[..., Any])
PUBLIC = "public"
ANYTHING: dict[str, Any] = {"type": "object", "additionalProperties": True}
ERROR = {"$ref": "#/components/schemas/Error"}
ERRORS = {
    400: "Not a well-formed request, or against a stated rule.",
    401: "Not signed in, or the token is not valid.",
    403: "The role or the company forbids it.",
    404: "There is no such object.",
    409: "In conflict with the present state, or the idempotency key was used with another body.",
    412: "It has changed since the read that `If-Match` names.",
    413: "The request is too large.",
    415: "The content type is not taken here.",
    422: "A value is of the wrong type, form or enum, or names nothing.",
    429: "Too many requests; `Retry-After` says when to try again.",
    502: "A service that this needs does not hand it out now.",
    503: "A part that this needs can't be reached or is not installed.",
}
RATE_HEADERS = {
    "X-RateLimit-Limit": "Requests a minute.",
    "X-RateLimit-Remaining": "Requests left in this minute.",
    "X-RateLimit-Reset": "When there is room again, in Unix seconds.",
}


@dataclass(frozen=True)
class Description:
    summary: str
    body: Any = None
    partial: bool = False
    answer: Any = None
    status: int = 200
    listing: str = ""
    filterset: type[StrictFilterSet] | None = None
    ordering: Sequence[str] = ()
    parameters: Sequence[OpenApiParameter] = ()
    errors: Sequence[int] = ()
    example: Any = None
    answer_example: Any = None
    extra_example: Mapping[str, Any] = field(default_factory=dict)
    other_answers: Mapping[int, str] = field(default_factory=dict)
    files: Sequence[str] = ()


def describe(
    summary: str,
    *,
    body: Any = None,
    partial: bool = False,
    answer: Any = None,
    status: int = 200,
    listing: str = "",
    filterset: type[StrictFilterSet] | None = None,
    ordering: Iterable[str] = (),
    parameters: Sequence[OpenApiParameter] = (),
    errors: Sequence[int] = (),
    example: Any = None,
    answer_example: Any = None,
    extra_example: Mapping[str, Any] | None = None,
    other_answers: Mapping[int, str] | None = None,
    files: Sequence[str] = (),
) -> Callable[[H], H]:
    """Documents a handler of an `ApiViewSet`.

    `body`: the serializer class that `self.body` reads, `partial` as it reads it. `answer`: a serializer class or an
    OpenAPI schema; without it the shape is taken from `answer_example`. `listing`: the plural; then answer and
    example are those of one row, and `extra_example` is what stands beside the rows. `errors`: statuses beyond those
    that every such route has (409 of an action, 404 of a name in the body). `other_answers`: further good ones,
    `{204: "None is left."}`. `files`: the content types of an answer that is a file.
    """

    def decorate(handler: H) -> H:
        handler.described = Description(  # type: ignore[attr-defined]
            summary,
            body,
            partial,
            answer,
            status,
            listing,
            filterset,
            tuple(ordering),
            parameters,
            errors,
            example,
            answer_example,
            extra_example or {},
            other_answers or {},
            files,
        )
        return handler

    return decorate


class Schema(AutoSchema):
    """Reads `describe`; a handler without it is shown with free-form bodies."""

    view: Any

    @property
    def said(self) -> Description:
        handler = getattr(self.view, str(self.view.action))
        name = str(self.view.action).replace("_", " ").capitalize()
        return getattr(handler, "described", None) or Description(name)

    @property
    def is_public(self) -> bool:
        return bool(self.view.permissions.get(self.view.action) == PUBLIC)

    @property
    def has_body(self) -> bool:
        return self.method in ("POST", "PUT", "PATCH")

    def get_operation_id(self) -> str:
        words = re.findall(r"\w+", self.path.removeprefix("/api/v1"))
        return "_".join([self.method.lower(), *words])

    def get_summary(self) -> str:
        return self.said.summary

    def get_description(self) -> str:  # type: ignore[override]
        handler = getattr(self.view, str(self.view.action))
        wanted = self.view.permissions.get(self.view.action)
        needs = "" if wanted is None or wanted == PUBLIC else f"Permission: `{wanted}`."
        return "\n\n".join(part for part in ((handler.__doc__ or "").strip(), needs) if part)

    def get_tags(self) -> list[str]:
        return [self.view.schema_tag or re.findall(r"\w[\w-]*", self.path.removeprefix("/api/v1"))[0]]

    def get_auth(self) -> list[dict[str, Any]]:
        if self.is_public:
            return [{}]
        users: list[dict[str, Any]] = [{"bearer": []}, {"session": []}]
        return [*users, {"vendorKey": []}] if self.view.action in self._taking_keys else users

    @property
    def _taking_keys(self) -> Collection[str]:
        """The view's actions that a vendor may call with its key."""
        taking: Collection[str] = getattr(self.view, "vendor_actions", ())
        return taking

    def is_excluded(self) -> bool:
        return False

    def _is_list_view(self, serializer: Any = None) -> bool:
        return False

    # --- parameters ----------------------------------------------------------------------------------------------

    def _resolve_path_parameters(self, variables: Iterable[str]) -> list[dict[str, Any]]:
        return [{"in": "path", "name": name, "required": True, "schema": self._path_type(name)} for name in variables]

    def _path_type(self, name: str) -> dict[str, Any]:
        by_text = name in getattr(self.view, "named_by_text", ()) or not (name == "id" or name.endswith("_id"))
        return {"type": "string"} if by_text else {"type": "string", "format": "uuid"}

    def get_override_parameters(self) -> list[Any]:
        said = self.said
        parameters = [*said.parameters, *_filter_parameters(said.filterset)]
        if said.listing:
            parameters += _paging_parameters(said.ordering)
        if self.method == "POST" and self.view.idempotent and not self.is_public:
            about = "The same key and body within 24 hours gives the first answer again."
            parameters.append(OpenApiParameter("Idempotency-Key", str, "header", description=about))
        if self._is_matched:
            about = "The `ETag` of a read; refuses the change if the object has changed since."
            parameters.append(OpenApiParameter("If-Match", str, "header", description=about))
        return parameters

    @property
    def _is_matched(self) -> bool:
        return self.method != "GET" and ("{" in self.path or self.view.action == "update")

    # --- bodies --------------------------------------------------------------------------------------------------

    def get_request_serializer(self) -> Any:
        said = self.said
        if said.body is None and said.example is None:
            return None
        examples = [OpenApiExample("Example", said.example, request_only=True)] if said.example is not None else []
        body = said.body if said.body is not None else {**ANYTHING, "properties": shape_of(said.example)["properties"]}
        return {media: OpenApiRequest(body, examples=examples) for media in self.map_parsers()}

    def _get_request_for_media_type(self, serializer: Any, direction: Any = "request") -> tuple[Any, bool]:
        """An update by PUT is partial, as one by PATCH is."""
        if (self.said.partial or self.view.action == "update") and isinstance(serializer, type):
            serializer = serializer(partial=True)
        return super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call,no-any-return]

    def get_response_serializers(self) -> Any:
        said = self.said
        done = (said.status, *said.files) if said.files else said.status
        answers: dict[Any, OpenApiResponse] = {done: OpenApiResponse(self._answer(), "Done.", self._answer_examples())}
        for status, about in said.other_answers.items():
            answers[status] = OpenApiResponse(None if status == 204 else ANYTHING, about)
        for status in sorted(self._errors()):
            answers[status] = OpenApiResponse(ERROR, ERRORS[status])
        return answers

    def _answer(self) -> Any:
        said = self.said
        if said.status == 204:
            return None
        if said.files:
            return {"type": "string", "format": "binary"}
        row = said.answer if said.answer is not None else shape_of(said.answer_example)
        if not said.listing:
            return row
        if isinstance(row, type):
            row = self.resolve_serializer(row(), "response").ref
        return answer_of_list(said.listing, row, said.extra_example)

    def _answer_examples(self) -> list[OpenApiExample]:
        said = self.said
        if said.answer_example is None:
            return []
        shown = said.answer_example
        if said.listing:
            shown = rows_example(said.listing, shown, said.extra_example)
        return [OpenApiExample("Answer", shown, response_only=True, status_codes=[str(said.status)])]

    def _errors(self) -> set[int]:
        errors = {*self.said.errors, 429}
        if not self.is_public:
            errors |= {401, 403}
        if "{" in self.path:
            errors.add(404)
        if self.has_body:
            errors |= {400, 413, 415, 422}
        if self.said.listing or self.said.filterset or self.said.parameters:
            errors.add(422)
        if self.method == "POST" and self.view.idempotent and not self.is_public:
            errors.add(409)
        if self._is_matched:
            errors.add(412)
        return errors

    def _get_response_headers_for_code(self, status_code: str, direction: Any = "response") -> dict[str, Any]:
        text = {"schema": {"type": "string"}}
        headers: dict[str, Any] = {"X-Request-ID": {"description": "The request's id.", **text}}
        if not self.is_public and status_code != "401":
            number = {"schema": {"type": "integer"}}
            headers |= {name: {"description": about, **number} for name, about in RATE_HEADERS.items()}
        if status_code == "429":
            headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer"}}
        if status_code == "401":
            headers["WWW-Authenticate"] = text
        return headers


def _filter_parameters(filterset: type[StrictFilterSet] | None) -> list[OpenApiParameter]:
    filters = {} if filterset is None else filterset.base_filters
    return [
        OpenApiParameter(name, getattr(item, "documented", {"type": "string"}), description=str(item.label or ""))
        for name, item in filters.items()
    ]


def _paging_parameters(ordering: Sequence[str]) -> list[OpenApiParameter]:
    whole: dict[str, Any] = {"type": "integer", "minimum": 1}
    size = {**whole, "maximum": paging.MAX_PER_PAGE}
    ways = [way for name in ordering for way in (name, f"-{name}")]
    by = [OpenApiParameter("ordering", {"type": "string", "enum": ways}, description="`-` for descending.")]
    return [
        *(by if ways else []),
        OpenApiParameter("page", whole, description="From 1; a page past the end is empty."),
        OpenApiParameter("per_page", size),
        OpenApiParameter("skip", {"type": "integer", "minimum": 0}, description="In place of `page`."),
        OpenApiParameter("limit", size),
        OpenApiParameter(
            "cursor",
            {"type": "string"},
            description="Empty to begin, then each answer's `next`.",
        ),
    ]


def only_canonical(endpoints: Iterable[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Of each route the mount at /api/v1, written without the trailing slash."""
    return [(path.rstrip("/"), *rest) for path, *rest in endpoints if path.startswith("/api/v1/")]  # type: ignore[misc]
