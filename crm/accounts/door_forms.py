from allauth.account.forms import ResetPasswordForm, SignupForm  # noqa: F401
