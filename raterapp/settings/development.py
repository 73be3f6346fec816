"""The embedded default: everything on this machine, nothing to configure."""

from raterapp.embedded.secret import stored_secret_key
from raterapp.logs import logging_settings
from raterapp.settings.base import *  # noqa: F403
from raterapp.settings.base import VAR_DIR, env

DEBUG = False
SECRET_KEY = env("SECRET_KEY", default=None) or stored_secret_key(VAR_DIR)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
LOGGING = logging_settings(as_json=False)
CROWD_API_ALLOW_PRIVATE = env.bool("CROWD_API_ALLOW_PRIVATE", default=False)
