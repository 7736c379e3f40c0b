from allauth.account.adapter import DefaultAccountAdapter as AccountAdapter  # noqa
from allauth.mfa.adapter import DefaultMFAAdapter as MFAAdapter  # noqa
