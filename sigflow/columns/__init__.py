"""Columns: frames as tables of Arrow, without an object per frame where the layout allows it.

table      the columns of formats, batches of them       tree      which columns there are, from the spec alone
arrow      their types in Arrow                          paths     parts of columns by path
frame      the frame type of a format                    gatherable what can be gathered without parsing
gather     fields at fixed places, of many frames        scalars   numbers at fixed places as a NumPy array
objects    frames parsed, where that is needed           values    parsed values to Arrow
payload    what codecs make of payloads, as columns      payloads  payloads on their way through codecs
kernels    TLV lists, natively                           suspects  which frames may have diagnostics
conditions conditions of a spec over many frames         names     enums as dictionaries
frames     frames as arrays                              budget    how large a batch may become
collector  frames of a live stream, collected
files      batches to Arrow and Parquet files            render    values as plain trees
placed     fields shown as text that can be gathered     pieces    texts of many rows from pieces
json_text  the JSON of such fields                       json_payload the JSON of payloads behind codecs
plain_json plain trees as JSON                           moments   the times of many frames
plain_text parts of them as text                         csv_text  as cells of CSV
build_many frames of columns                         layouts   of a static layout, by operations on arrays
layout_fields the fields of such a layout            frame_kernels put together natively
table_values rows of tables as values
text_faults which frames have text that does not decode
"""
