"""Jobs at their times: what is due, what was missed, and a journal of it.

times     when a job is due: cron expressions and intervals
jobs      what `schedule:` says, as jobs
journal   what became of each run, line by line
planner   starts what is due, and tells what is not done
"""
