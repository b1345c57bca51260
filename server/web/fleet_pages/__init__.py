"""The pages about terminals: overview and map, lists, one terminal, commands, tickets, alarms. server/web/app.py takes
them by `ROUTERS`."""

from server.web.fleet_pages import alarms, commands, live, overview, terminal, terminals, tickets

ROUTERS = [
    overview.router,
    terminals.router,
    terminal.router,
    commands.router,
    tickets.router,
    alarms.router,
    live.router,
]
