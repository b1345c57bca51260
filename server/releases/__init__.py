"""Releases of the terminals' software: made, signed by several people, and rolled out ring by ring.

    public/metadata, public/targets    what terminals read, below /releases/ and on sticks
    staged/                            what waits for its signatures
    online/                            the keys this server holds: timestamp, snapshot, and one a district
    rollouts.json                      how far each district is

`contents` lists a set of wheels, `repository` keeps The Update Framework's roles (`roles` their files, `holders` who
signs them), `rollout` moves districts through the rings by what `gate` makes of the health that terminals report,
`worker` does both without anybody. docs/updates.md tells the whole.
"""
