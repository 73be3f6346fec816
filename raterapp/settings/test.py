"""What the test suite runs under: the embedded services of the pytest plugin, quick hashing."""

from raterapp.settings.base import *  # noqa: F403

DEBUG = False
SECRET_KEY = "only-for-the-test-suite"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
