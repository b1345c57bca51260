"""The pages about terminals: overview and map, lists, one terminal, commands, tickets, alarms, releases.
server/web/app.py takes them by `ROUTERS`."""

from server.web.fleet_pages import (
    alarms,
    claims,
    commands,
    live,
    manage,
    overview,
    rollouts,
    terminal,
    terminals,
    tickets,
)

ROUTERS = [
    overview.router,
    terminals.router,
    terminal.router,
    commands.router,
    manage.router,
    tickets.router,
    alarms.router,
    claims.router,
    rollouts.router,
    live.router,
]
