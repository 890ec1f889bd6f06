"""How the processes of one database find and call each other: file locks, errors on the wire, calls.

Nothing here knows the queue, the server or the host; it is plain standard library, so that a command can
look for a living server without importing a web framework.
"""
