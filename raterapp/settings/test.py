"""What the test suite runs under: the embedded services of the pytest plugin, quick hashing."""

from raterapp.logs import logging_settings
from raterapp.settings.base import *  # noqa: F403
from raterapp.settings.base import REST_FRAMEWORK

DEBUG = False
SECRET_KEY = "only-for-the-test-suite"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LOGGING = logging_settings(as_json=False)
# Many tests log in from one address; the throttles have tests of their own, which switch them on.
ACCOUNT_RATE_LIMITS = False
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"anon": None, "user": None}}
CROWD_WEBHOOK_RATE = None
