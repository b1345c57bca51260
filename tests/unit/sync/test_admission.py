"""What an admission says of the log that came before (S7)."""

import pytest

from sync import WireError
from sync.admission import NOTHING, followed, follows_text


def test_the_log_that_a_new_one_follows_is_read_as_it_was_written() -> None:
    log, head = bytes(range(8)), bytes(range(32))
    assert followed(follows_text(log, 7, head)) == (log, 7, head)
    assert followed(NOTHING) is None


@pytest.mark.parametrize("spoilt", ["garbage", "00:7", follows_text(bytes(8), -1, bytes(32))])
def test_what_names_no_log_is_refused(spoilt: str) -> None:
    with pytest.raises(WireError, match="follows"):
        followed(spoilt)
