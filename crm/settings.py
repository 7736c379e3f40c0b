"""Every setting of the product; what may differ from place to place comes from the environment (see `.env.example`)."""

import importlib.util
import os
import sys
from pathlib import Path

import django_stubs_ext

from crm.admin_look import UNFOLD  # noqa: F401
from crm.api_look import SPECTACULAR_SETTINGS  # noqa: F401
from crm.env import env, wrong

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = env.folder("VAR_DIR", BASE_DIR / "var")

DEBUG = env.flag("DEBUG", True)
HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, low=1, high=65535)
PUBLIC_URL = env.origin("PUBLIC_URL", f"http://{HOST}:{PORT}")
WEB_WORKERS = env.number("WEB_WORKERS", 2, low=1, high=64)
SECRET_KEY = env.secret("SECRET_KEY", VAR, DEBUG)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", DEBUG)
REGISTRATION = env.choice("REGISTRATION", "open", ("open", "invite", "closed"))
DEMO = env.flag("DEMO", DEBUG)

# --- Applications ------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "crm.accounts.admin_site.ProductAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "django_htmx",
    "lucide",
    "import_export",
    "django_celery_beat",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crm.core",
    "crm.mail",
    "crm.audit",
    "crm.accounts",
    "crm.jobs",
    "crm.lists",
    "crm.vendors",
    "crm.providers",
    "crm.providers.simulator",
    "agents",
    "leads",
    "crm.compliance",
    "calls",
    "crm.sla",
    "crm.notifications",
    "crm.dashboard",
]

MIDDLEWARE = [
    "crm.core.proxy.ProxyAddressMiddleware",
    "crm.core.http.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "crm.core.http.ContentPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.accounts.middleware.CompanyMiddleware",
    "crm.core.pages.ReaderZoneMiddleware",
    "crm.core.error_pages.ErrorPageMiddleware",
]

ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm.core.pages.page_context",
                "crm.dashboard.navigation.navigation",
                "crm.accounts.context.account",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# --- Database, broker, cache -------------------------------------------------------------------------------------

DATABASES = {"default": env.database("DATABASE_URL", VAR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL", VAR)
CELERY_BROKER_URL = REDIS_URL.broker
CELERY_TASK_IGNORE_RESULT = True
CELERY_BEAT_SCHEDULER = "crm.core.beat_scheduler:Scheduler"
CELERY_IMPORTS = ["crm.core.heartbeat", "crm.core.upkeep", "crm.core.api.kept_answers"]
CELERY_RESULT_EXPIRES = None  # no results are kept, so nothing need clean them up
SCHEDULES = "crm.beat.SCHEDULES"
SLA_TICK_SECONDS = env.number("SLA_TICK_SECONDS", 300, low=1, high=86_400)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1, "interval_max": 0.2}
CELERY_TIMEZONE = "UTC"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL.cache}}
RATE_LIMIT_STORAGE = REDIS_URL.limits
RATE_LIMIT_PER_MINUTE = env.number("RATE_LIMIT_PER_MINUTE", 1000, low=1)
AUTH_RATE_LIMIT_PER_MINUTE = env.number("AUTH_RATE_LIMIT_PER_MINUTE", 30, low=1)
SESSION_RATE_LIMIT_PER_MINUTE = 300

# --- Accounts ----------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # e-mails are unique whatever their case, by `user_email_once`
AUTHENTICATION_BACKENDS = ["crm.accounts.backends.Backend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "crm.core.error_pages.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

ACCOUNT_ADAPTER = "crm.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "crm.accounts.door_forms.LoginForm",
    "signup": "crm.accounts.door_forms.SignupForm",
    "add_email": "crm.accounts.door_forms.AddEmailForm",
    "change_password": "crm.accounts.door_forms.ChangePasswordForm",
    "set_password": "crm.accounts.door_forms.SetPasswordForm",
    "reset_password": "crm.accounts.door_forms.ResetPasswordForm",
    "reset_password_from_key": "crm.accounts.door_forms.ResetPasswordKeyForm",
    "reauthenticate": "crm.accounts.door_forms.ReauthenticateForm",
}
ACCOUNT_RATE_LIMITS = {
    "login": f"{AUTH_RATE_LIMIT_PER_MINUTE}/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": f"{AUTH_RATE_LIMIT_PER_MINUTE}/m/ip",
    "reset_password": f"{AUTH_RATE_LIMIT_PER_MINUTE}/m/ip,5/m/key",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ADAPTER = "crm.accounts.adapter.MFAAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # confirming an address is asked for, never demanded
MFA_TOTP_ISSUER = "AgentConnect CRM"
MFA_TOTP_TOLERANCE = 1  # a phone's clock may be half a minute off
JWT_PRIVATE_KEY = env.signing_key("JWT_PRIVATE_KEY", VAR, DEBUG)
ACCESS_TOKEN_SECONDS = 3600
REFRESH_TOKEN_DAYS = 14

# Personal data is hashed in the audit log with AUDIT_KEY and encrypted at rest with FIELD_KEYS (newest first).
AUDIT_KEY = env.secret("AUDIT_KEY", VAR, DEBUG)
FIELD_KEYS = env.field_keys("FIELD_KEYS", VAR, DEBUG)

# --- Calls -------------------------------------------------------------------------------------------------------

CALLS_TICK_SECONDS = env.number("CALLS_TICK_SECONDS", 60, low=1, high=3600)

# --- API ---------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "crm.accounts.authentication.TokenAuthentication",
        "crm.accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["crm.accounts.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["crm.core.api.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["crm.core.api.json.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["crm.core.api.throttling.CompanyThrottle"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "crm.core.api.json.JSONAlways",
    "DEFAULT_METADATA_CLASS": None,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "crm.core.api.schema.Schema",
    "EXCEPTION_HANDLER": "crm.core.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "crm.accounts.models.Anonymous",
    "COERCE_DECIMAL_TO_STRING": False,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
CORS_ALLOWED_ORIGINS = env.origins("CORS_ORIGINS")
CORS_URLS_REGEX = r"^/(api|openapi\.json)"
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "x-api-key",
    "x-csrftoken",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "etag",
    "retry-after",
    "x-request-id",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
IMPORT_MAX_BYTES = 50_000_000
IMPORT_MAX_ROWS_IN_REQUEST = 1_000  # more become a job

# --- Calls -------------------------------------------------------------------------------------------------------

CALL_PROVIDER = env.choice("CALL_PROVIDER", "simulator", ("simulator", "twilio"))
SIMULATOR_ANSWER_RATE = env.share("SIMULATOR_ANSWER_RATE", 0.7)
SIMULATOR_CALL_SECONDS = env.number("SIMULATOR_CALL_SECONDS", 2, high=3600)
SIMULATOR_SEED = env.text("SIMULATOR_SEED", "agentconnect")
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID", "")
TWILIO_AUTH_TOKEN = env.text("TWILIO_AUTH_TOKEN", "")
TWILIO_CALLER_NUMBER = env.text("TWILIO_CALLER_NUMBER", "")  # where an agent has none of its own
TWILIO_API_BASE = env.origin("TWILIO_API_BASE", "https://api.twilio.com")
TWILIO_TIMEOUT_SECONDS = env.number("TWILIO_TIMEOUT_SECONDS", 10, low=1, high=120)
if CALL_PROVIDER == "twilio" and not (TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN):
    raise wrong("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN must be set where CALL_PROVIDER is twilio.")

# --- Pages, static files -----------------------------------------------------------------------------------------


def package_folder(package: str, *parts: str) -> str:
    """Where an installed package keeps its assets, found without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise wrong(f"the package {package} is not installed")
    return str(Path(spec.submodule_search_locations[0]).joinpath(*parts))


STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR / "static")))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/tabler", package_folder("jazzy_tabler", "static", "vendor", "tabler")),
]
# `manage.py runserver` and the tests serve static files from where they are; all else the collected, hashed ones.
FROM_SOURCES = sys.argv[1:2] == ["runserver"] or "PYTEST_VERSION" in os.environ
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = FROM_SOURCES
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if FROM_SOURCES
        else "crm.core.static_files.Storage"
    },
}
MEDIA_ROOT = env.folder("MEDIA_ROOT", VAR / "media")
MEDIA_URL = "/media/"

LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = "crm.core.formats"
USE_TZ = True
TIME_ZONE = "UTC"

# --- Mail --------------------------------------------------------------------------------------------------------

# In development bodies stay when a mail is sent, and the company's admin reads them at /dev/mail/.
MAIL_READABLE = DEBUG
DEFAULT_FROM_EMAIL = env.sender("DEFAULT_FROM_EMAIL", "AgentConnect CRM <no-reply@localhost>")
globals().update(env.email("EMAIL_URL", VAR))

# --- Security ----------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^(health|ready)/?$"]  # asked from inside, without TLS
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
BEHIND_PROXY = env.flag("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"

# --- Logs --------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
if os.environ.get("PYTEST_VERSION"):
    LOGGING["root"]["level"] = "WARNING"  # type: ignore[index]
