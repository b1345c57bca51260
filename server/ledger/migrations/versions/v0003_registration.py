"""Registrations, the vault of Aadhaar numbers, and the service ledger."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
