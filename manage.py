#!/usr/bin/env python
"""The command line of the product."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raterapp.settings.development")
    from raterapp.embedded.attach import attach_for_command

    with attach_for_command(sys.argv):
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
