"""What the API's own documentation says and shows."""

from __future__ import annotations

from typing import Any

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "AgentConnect CRM",
    "DESCRIPTION": (
        "Leads, agents, assignment, accounts and audit of one company.\n\n"
        "**Sign in** at `POST /auth/login` and send `Authorization: Bearer <access>`; a token lives an hour, and "
        "`POST /auth/refresh` gives the next. Every route answers below `/api/v1` and `/api`, with and without a "
        "slash at the end.\n\n"
        "**Vendors** send `x-api-key` to submit leads and to read their own scorecard; every refusal of theirs holds a "
        "`reason_code`.\n\n"
        '**Errors** are `{"detail": "a sentence"}`, or for fields a list of `{"loc", "msg", "type"}`.\n\n'
        "**Lists** take `page` and `per_page`, or `skip` and `limit`, or `cursor`, which costs the same at any depth. "
        "`total` is exact to 10,000. Filters take several values by commas; an unknown one is refused.\n\n"
        "**Times** are ISO 8601 in UTC; one without a zone is in the company's, a bare date covers its whole day "
        "there. Money is a number.\n\n"
        "**Writes**: an `Idempotency-Key` makes a POST safe to repeat for 24 hours; `If-Match` with a read's `ETag` "
        "refuses a change of what has changed since. PUT and PATCH both change only the fields that they name."
    ),
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_AUTHENTICATION": [],
    "PREPROCESSING_HOOKS": ["crm.core.api.schema.only_canonical"],
    "POSTPROCESSING_HOOKS": [],  # the usual one names enums, and stumbles over equal ones
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
            "vendorKey": {
                "type": "apiKey",
                "in": "header",
                "name": "x-api-key",
                "description": "A vendor's key, for the submission of leads alone.",
            },
        },
        "schemas": {
            "Error": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {
                        "oneOf": [
                            {"type": "string"},
                            {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
                        ]
                    }
                },
            },
            "FieldError": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "integer"}]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
                "example": {"loc": ["body", "email"], "msg": "Not an e-mail address.", "type": "invalid"},
            },
        },
    },
}
