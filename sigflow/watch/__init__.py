"""What hangs on the events of a stream.

meaning    which frames an entry of the configuration is about
alarms     when they are raised, and what becomes of them
handlers   functions that are called for events
audit      what went wrong, row by row
"""
