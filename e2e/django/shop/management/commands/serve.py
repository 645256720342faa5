"""Serves the API on a free port of loopback; says so in a line of JSON."""

import json

from django.core.management.base import BaseCommand
from django.core.wsgi import get_wsgi_application
from waitress import create_server


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        server = create_server(get_wsgi_application(), host="127.0.0.1", port=0, threads=8)
        self.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.effective_port}"}))
        self.stdout.flush()
        server.run()
