"""How lists are paged."""

from urllib.parse import parse_qs, urlsplit

from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.response import Response


class Pages(PageNumberPagination):
    """Pages of 10 rows, or as many as asked for: 50 at most, in silence."""

    page_size = 10
    page_size_query_param = "pageSize"
    max_page_size = 50


class Links(CursorPagination):
    """The link to the next page, with a cursor in it; sizes as with Pages.

    Rows that began at once are more than a page holds, so that cursors need
    offsets too.
    """

    ordering = ("begun_at", "id")
    page_size = 10
    page_size_query_param = "pageSize"
    max_page_size = 50


class Cursors(Links):
    """The cursor alone."""

    def get_paginated_response(self, data):
        link = self.get_next_link()
        cursor = link and parse_qs(urlsplit(link).query)[self.cursor_query_param][0]
        return Response({"after": cursor, "results": data})
