"""The application for any WSGI server; scheduled jobs run in its workers."""

from gallery import create_app

app = create_app(run_jobs=True)
