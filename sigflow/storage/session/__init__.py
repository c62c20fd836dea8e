"""The folder of a session: the raw capture of what came in, its index, the ledger of what was committed."""
