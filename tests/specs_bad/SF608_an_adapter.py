# 9:5: note SF608: ExprAdapter stays Construct: an adapter
# 10:5: note SF608: Bytes stays Construct: a function of Python's
from construct import Byte, Bytes, ExprAdapter, Prefixed, Struct, obj_

Inner = Struct("size" / Byte, "data" / Bytes(lambda context: context.size * 2))

frame = Struct(
    "count" / Byte,
    "scaled" / ExprAdapter(Byte, obj_ / 10, obj_ * 10),
    "body" / Prefixed(Byte, Bytes(lambda context: context.count)),
)
