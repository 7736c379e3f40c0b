#!/usr/bin/env python
"""The project's command line: `manage.py up` runs the whole product."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from crm.env import WrongSetting

    try:
        settings.INSTALLED_APPS  # noqa: B018 - reads the environment
    except WrongSetting as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
