"""Everything the pages and the API need, from the keys and the ledger: for whichever process serves them."""

from collections.abc import Callable

from server.carried import Hatch
from server.feed import Feed
from server.fleet.claims import Desk
from server.fleet.roster import keys_of
from server.intake.group import Intake
from server.ledger.records import RecordWriter
from server.ledger.store import Ledger
from server.people.otp import PersonCodes
from server.people.registration import Vaults
from server.settings import RELEASES, BrokerSettings
from server.trust.keys import ServerKeys
from server.trust.vault import Vault, open_number_vault
from server.web.services import Registry, Services
from server.web.tiles import Tiles


def furnished(
    ledger: Ledger,
    keys: ServerKeys,
    broker: BrokerSettings,
    feed: Feed,
    problems: Callable[[], list[str]],
    tiles: Tiles | None = None,
) -> Services:
    """Raises ServerError: a vault's key is bad."""
    vault = Vault(keys.vault)
    intake = Intake(RecordWriter(ledger.engine.dialect), keys.server, keys_of(keys), carried=True, authority=keys.word)
    return Services(
        ledger,
        feed,
        problems,
        keys.vault,
        PersonCodes(vault),
        desk=Desk(ledger, keys, broker),
        hatch=Hatch(ledger, intake, keys.template),
        registry=Registry(Vaults(vault, open_number_vault(keys.directory)), keys.template),
        releases=keys.directory.parent / RELEASES,
        tiles=tiles,
    )
