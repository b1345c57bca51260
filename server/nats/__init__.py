"""A cluster of NATS JetStream servers as the broker: what each node reads, and who is let in at their doors.

papers     what a node and the gate show each other: keys and certificates of our authority
cluster    the configuration of every node
passes     NATS' own tokens, signed by an account's key
gate       answers the nodes' question whether a client may come in, by the registry

Terminals notice nothing: they speak MQTT 3.1.1 over mutual TLS, as they do to Mosquitto (docs/cluster.md).
"""
