"""What hangs on the events of a stream: alarms.

alarms     when they are raised, and what becomes of them
"""
