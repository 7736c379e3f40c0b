"""The base of every API view: find, authorise, call, answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework import serializers
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from crm.core.api import idempotency, matching, paging, throttling
from crm.core.api.filters import StrictFilterSet
from crm.core.api.json import is_clean
from crm.core.api.problems import MISSING, Problem, Unacceptable
from crm.core.tenancy import NotFound, get_or_refuse

M = TypeVar("M", bound=models.Model)
PUBLIC = "public"  # of `permissions`: needs no sign-in


class ApiViewSet(ViewSetMixin, APIView):
    """`permissions` names, for each action, what the role must allow; an action that it leaves out is refused.

    Done here for every view: authentication, rate limit, permission, body as strict JSON, idempotency of POST,
    `If-Match`, error form. Add `parser_classes = [MultiPartParser]` for uploads.
    """

    permissions: ClassVar[Mapping[str, str]] = {}
    idempotent: ClassVar[bool] = True  # False: `Idempotency-Key` is not looked at (signing in)
    schema_tag: ClassVar[str] = ""  # the heading in the documentation; empty: the app's

    # --- what views use ------------------------------------------------------------------------------------------

    def body(self, serializer: type[serializers.BaseSerializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The validated body, with the named fields alone: 400 if one is missing, 422 if one is malformed."""
        checked = serializer(data=self.request.data, partial=partial, context={"request": self.request})
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def uploaded(self, name: str = "file") -> UploadedFile[Any]:
        """The file of a multipart request; 400 where there is none."""
        file = self.request.FILES.get(name)
        if not isinstance(file, UploadedFile):
            raise Unacceptable([Problem(("body", name), "Field required.", MISSING)])
        return file

    def find(self, queryset: models.QuerySet[M], pk: object) -> M:
        """The row; 404 unknown or malformed, 403 where not in the queryset. Asks `If-Match` of the path's row."""
        try:
            row = get_or_refuse(queryset, pk)
        except NotFound:
            raise NotFound(f"{queryset.model._meta.verbose_name} not found".capitalize()) from None
        if self.request.method not in ("GET", "HEAD") and str(pk) in map(str, self.kwargs.values()):
            self.check_match(row)
        return row

    def listing(
        self,
        queryset: models.QuerySet[Any],
        *,
        plural: str,
        represent: Callable[[list[Any]], list[dict[str, Any]]],
        ordering: Mapping[str, str],
        default: str,
        filterset: type[StrictFilterSet] | None = None,
        known: Collection[str] = (),
        per_page: int = paging.PER_PAGE,
        extra: Mapping[str, Any] | None = None,
    ) -> Response:
        """A list in one of its three forms. `represent` gets the page's rows; `extra` stands beside them.

        `ordering`: name → column (a column that may be null needs an index on (column, id)). `known`: query
        parameters that the view itself reads.
        """
        params = self.request.query_params
        filters = (filterset or NoFilters)(params, queryset, request=self.request, known={*paging.PARAMETERS, *known})
        rows = filters.checked()
        order = paging.read_order(params, queryset.model, ordering, default)
        page = paging.answer_list(rows, params, plural=plural, represent=represent, order=order, per_page=per_page)
        return Response({**page, **(extra or {})})

    def answer(self, data: Any, status: int = 200, *, row: models.Model | None = None) -> Response:
        """With the row, the answer carries its `ETag`."""
        return Response(data, status, headers={"ETag": matching.etag(row)} if row is not None else None)

    def etag(self, row: models.Model) -> str:
        return matching.etag(row)

    def check_match(self, row: models.Model) -> None:
        """412 where the request's `If-Match` names another state of the row; `find` has asked for the path's own."""
        matching.check(self.request, row)

    # --- the same for all ----------------------------------------------------------------------------------------

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        self.args, self.kwargs, self.headers = args, kwargs, {}
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})
        self.request = self.initialize_request(request, *args, **kwargs)
        response: Any
        try:
            self.initial(self.request, *args, **kwargs)
            response = idempotency.once(self, self._handled)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        throttling.add_headers(self.request, self.response)
        return self.response

    def _handled(self) -> Response:
        handler: Callable[..., Response] = getattr(self, self.action_map[str(self.request.method).lower()])
        return matching.guarded(self.request, lambda: handler(self.request, *self.args, **self.kwargs))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        if self.permissions.get(self.action or "") == PUBLIC:
            request._not_authenticated()  # type: ignore[attr-defined]
        else:
            self.perform_authentication(request)
        self.check_throttles(request)
        if self.action is None:
            raise MethodNotAllowed(str(request.method))
        self.check_permissions(request)
        if not all(is_clean(str(value)) for value in kwargs.values()):
            raise NotFound
        if request.method in ("POST", "PUT", "PATCH"):
            _ = request.data  # a body that can't be read is refused before anything is looked up

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> Any:
        super().permission_denied(request, message or "Your role may not do this.", code)


class NoFilters(StrictFilterSet):
    """A list that takes no filter."""
