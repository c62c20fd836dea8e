"""What may have happened to a frame whose checksum does not hold.  Only told, never used to repair anything.

Strategy.  Each cause is a small change after which the checksum holds: a bit turned, a byte put in or taken out,
another length, another way to compute.  A checksum that can be run back (`checksums.steps`) tries every place of the
frame in one walk from both ends.  Whatever comes out is put together and checked once more as a frame of its own.

Rules.  A cause has weight: the share of its kind, divided by how many of its kind were tried.  Against it stand the
other causes that were found, and damage of no kind that is looked for (`OTHER`), after which one change in 2^W fits by
chance; W are the bits that the checksum tells apart.  What outweighs all these is firm, all else is called weak, with
its odds.  Bytes beyond the gap are a believed frame's: no cause points there, and no repaired frame reaches there.
The work is bounded (`budget`), and the search ends at the first cause that chance cannot explain.

search     all of it
frame      the frame as it stands, and as it may have been    edits     bits and bytes
lengths    another length                                      variants  other algorithms, orders, coverages
budget     what a capture may cost                           counting  what a measure costs
"""
