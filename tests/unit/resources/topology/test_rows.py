"""Pages that are hard to tell apart, or whose name is odd."""

import pytest

from mapinfra.centreon.web.topology import Page, find_page
from mapinfra.errors import CentreonError

PAGES = [
    Page(1, "Images", 50102, 501, shown=True),
    Page(2, "Images", 50102, 501, shown=False),
    Page(3, "²", 7, None, shown=True),
]


@pytest.mark.parametrize("wanted", ["Images", "50102"])
def test_a_doubled_row_is_named_and_no_number_is_asked_for(wanted: str) -> None:
    with pytest.raises(CentreonError) as error:
        find_page(wanted, PAGES, "paris")
    assert "2 times (topology_id 1, 2)" in str(error.value)
    assert "number instead" not in str(error.value)


def test_a_name_of_odd_digits_is_a_name() -> None:
    assert find_page("²", PAGES, "paris").row == 3
