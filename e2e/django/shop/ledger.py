"""Writes down what was asked and answered."""

import json
import threading

from django.conf import settings


class Ledger:
    """A line of JSON per reply: path and status."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.lock = threading.Lock()

    def __call__(self, request):
        response = self.get_response(request)
        line = json.dumps({"path": request.get_full_path(), "status": response.status_code})
        with self.lock, open(settings.LEDGER, "a", encoding="utf-8") as ledger:
            ledger.write(line + "\n")
        return response
