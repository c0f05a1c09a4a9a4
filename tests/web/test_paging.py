from starlette.requests import Request

from web.paging import PAGE, pages


def asked(query: str) -> Request:
    return Request(
        {"type": "http", "path": "/requests", "query_string": query.encode(), "headers": [], "method": "GET"}
    )


def test_the_first_page_has_nothing_newer_and_the_last_nothing_older():
    assert pages(asked(""), 0, PAGE) == ("", "")


def test_links_keep_the_filters():
    """An empty one too: at the release desk it says every state, and to say nothing is what waits."""
    newer, older = pages(asked("text=tube&state=&at=2"), 2, PAGE + 1)
    assert newer == "/requests?text=tube&state=&at=1"
    assert older == "/requests?text=tube&state=&at=3"


def test_a_filter_stays_a_value_whatever_it_holds():
    _, older = pages(asked("text=%26at%3D9%22%3E"), 0, PAGE + 1)
    assert older == "/requests?text=%26at%3D9%22%3E&at=1"
