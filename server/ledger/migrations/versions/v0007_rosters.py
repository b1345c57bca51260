"""Rosters by scope, people fetched on demand, wipes and their proof."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
