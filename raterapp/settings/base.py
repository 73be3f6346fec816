"""What every environment shares. Secrets and hosts have no default here."""

from pathlib import Path

import environ

from raterapp.content_policy import STRICT_POLICY

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env("RATERAPP_VAR", default=str(BASE_DIR / "var"))).resolve()

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "allauth",
    "allauth.account",
    "annotations",
    "modelsvc",
    "raterapp",
]

MIDDLEWARE = [
    "raterapp.request_log.log_request",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "raterapp.content_policy.relax_admin_policy",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "raterapp.urls"
WSGI_APPLICATION = "raterapp.wsgi.application"

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
            ],
        },
    },
]

# Without DATABASE_URL, manage.py starts the embedded PostgreSQL and sets it before settings load.
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres:///raterapp")}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="redis://localhost:6379/0")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # The runs table is the truth; a redelivered message finds the run leased and does nothing,
    # so this only bounds how late a lost message is redelivered.
    "visibility_timeout": 12 * 3600,
    "global_keyprefix": env("CELERY_KEY_PREFIX", default="raterapp:"),
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "light"
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {
    "sweep-runs": {"task": "annotations.tasks.sweep_runs", "schedule": 10.0},
    "sweep-leases": {"task": "annotations.tasks.sweep_leases", "schedule": 30.0},
}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env("CACHE_URL", default="redis://localhost:6379/1"),
        "KEY_PREFIX": "raterapp",
    }
}

# Where runs write their artifacts: a local folder or any fsspec URL (for example s3://bucket/prefix).
ARTIFACTS_URL = env("ARTIFACTS_URL", default=str(VAR_DIR / "artifacts"))
# Where a worker keeps checkpoints of running work and unpacked pretrained weights.
SCRATCH_DIR = Path(env("SCRATCH_DIR", default=str(VAR_DIR / "scratch")))
RUN_LEASE_S = 60

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "raterapp.accounts.ClosedSignupAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_EMAIL_VERIFICATION = "none"
# Guessing a password: five tries per account, ten a minute per address. The counts live in the cache.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "reset_password": "20/m/ip,5/m/key",
}
# How many reverse proxies stand in front; their forwarded addresses are believed, others are not.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True

CONTENT_SECURITY_POLICY = {"DIRECTIVES": STRICT_POLICY}

# Hosts that a study may send raters back to. A study names its own; this list has the last word.
CROWD_RETURN_HOSTS = env.list("CROWD_RETURN_HOSTS", default=["app.prolific.com"])
# Without a secret, webhooks are refused; without a token, `reconcile_crowd` says so.
PROLIFIC_WEBHOOK_SECRET = env("PROLIFIC_WEBHOOK_SECRET", default="")
PROLIFIC_API_URL = env("PROLIFIC_API_URL", default="https://api.prolific.com")
PROLIFIC_API_TOKEN = env("PROLIFIC_API_TOKEN", default="")
# How far a webhook's signed time may be from ours.
CROWD_WEBHOOK_WINDOW_S = env.int("CROWD_WEBHOOK_WINDOW_S", default=300)
CROWD_WEBHOOK_RATE = "600/min"  # of one address
# Only for development against a server of one's own: lets the API be plain http in a private network.
CROWD_API_ALLOW_PRIVATE = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "60/min", "user": "1200/min"},
    "NUM_PROXIES": env.int("TRUSTED_PROXY_COUNT", default=0),
}

UNFOLD = {"SITE_TITLE": "Endorsement studies", "SITE_HEADER": "Endorsement studies", "SITE_URL": "/"}
