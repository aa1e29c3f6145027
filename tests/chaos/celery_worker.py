"""The module that Celery's command imports for its application."""

from tests.chaos.application import celery_app

app = celery_app()
