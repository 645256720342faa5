"""How lists are paged."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """Pages of 10 rows, or as many as asked for: 50 at most, in silence."""

    page_size = 10
    page_size_query_param = "pageSize"
    max_page_size = 50
