"""Who is enrolled here, who stands there, and how somebody becomes known."""
