"""The rows of tables as values that frames are built of: `Recording.to_arrow`, `parse --format arrow`, a user's own.

Rules.  A column is a field of the frame by its id, or by its path (`flags.encoding`).  Columns that begin with `_` say
where a frame stood and are left out; so is what a codec made of a payload (`FIELD_CODEC`), a physical value, where the
field itself has a column, and what rules of sigflow.yaml made.  A null is a value that was not given.  A name of an
enum without one is its digits.  Of a switch, the type that is there is named.  What was flattened stands in objects
again, and what was told as JSON is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sigflow.columns.arrow import CALIBRATION, arrow
from sigflow.columns.extras import EXPRESSION
from sigflow.columns.frame import FrameType
from sigflow.columns.payload import codec_columns
from sigflow.columns.reach import METADATA
from sigflow.columns.tree import Flat, Leaf, Listed, Member, Node, OneOf, Struct, Trees
from sigflow.errors import UsageError
from sigflow.runtime.column import Column, Computed, Many, Named, Nested, Switch, Unknown
from sigflow.runtime.struct import label

if TYPE_CHECKING:
    import pyarrow

    from sigflow.stream.format import Format

Path = tuple[str, ...]
#: What makes a value of a column's value.
Convert = Callable[[Any], Any]


class TableValues:
    """Makes values of the rows of tables, for one format.  State: the last schema, and which columns of it count."""

    def __init__(self, format: Format) -> None:
        self.format = format
        kind = FrameType(format)
        trees = Trees(kind.module, instances=True)
        self.members = {member.name: member for member in trees.members(kind.unit)}
        self._trees = trees
        #: The names of what rules of sigflow.yaml made in the columns.
        self._made: set[str] = set()
        self._last: tuple[pyarrow.Schema, list[tuple[int, Path]]] | None = None
        codecs = codec_columns(format.envelope, kind.members, trees)
        self._derived = {column.name: column.codec.field for column in codecs}
        self._physical = {
            f"{member.name}_physical": member.name
            for member in self.members.values()
            if member.column.physical is not None
        }

    def columns(self, batch: pyarrow.RecordBatch) -> dict[Path, pyarrow.Array]:
        """The columns of a batch that say something of the frames, by their paths."""
        batch = self._own(batch)
        if self._last is None or not batch.schema.equals(self._last[0]):
            self._last = batch.schema, self._picked(batch.schema)
        return {path: batch.column(number) for number, path in self._last[1]}

    def _picked(self, schema: pyarrow.Schema) -> list[tuple[int, Path]]:
        """The numbers of the columns that say something of the frames, with their paths."""
        names = schema.names
        if len(set(names)) != len(names):
            double = next(name for name in names if names.count(name) > 1)
            raise UsageError(f"{self.format.name}: the table has two columns {double!r}")
        there = {path[0] for path in map(_path, names)}
        picked = []
        for number, name in enumerate(names):
            # (A map is the metadata, which the fields say as well.)
            field = schema.field(number)
            made = is_made(field)
            is_metadata = arrow().types.is_map(field.type) or name.startswith(f"{METADATA}.") or made
            self._made |= made_in(field)
            if name in self.members or not (name.startswith("_") or self._told(name) in there or is_metadata):
                picked.append((number, _path(name)))
        return picked

    def _told(self, name: str) -> str | None:
        """The field that a column says once more."""
        attribute = self._derived.get(name)
        if attribute is not None:
            return next((member.name for member in self.members.values() if member.attribute == attribute), attribute)
        return self._physical.get(name)

    def _own(self, batch: pyarrow.RecordBatch) -> pyarrow.RecordBatch:
        """Of a table of several formats, the columns of this one."""
        pa = arrow()
        name = self.format.name
        if "_format" not in batch.schema.names or name not in batch.schema.names or name in self.members:
            return batch
        column = batch.column(name)
        if not pa.types.is_struct(column.type):
            return batch
        others = set(batch.column("_format").unique().to_pylist()) - {name}
        if others:
            text = f"rows of {', '.join(map(str, sorted(others)))}"
            raise UsageError(f"{name}: the table has {text}, too: take those of {name} first")
        return pa.RecordBatch.from_arrays(column.flatten(), names=[field.name for field in column.type])

    def rows(self, batch: pyarrow.RecordBatch) -> list[Any]:
        """The value of each row, as `Format.build` takes it: a mapping of the fields, of which nulls are left out."""
        columns = self.columns(batch)
        values: list[dict[str, Any]] = [{} for _ in range(batch.num_rows)]
        printed = False
        for path, column in sorted(columns.items(), key=lambda item: len(item[0])):
            convert, of_json = self._converter(path)
            printed = printed or of_json
            for value, item in zip(values, column.to_pylist(), strict=True):
                if item is None:
                    continue
                holder = value
                for part in path[:-1]:
                    holder = holder.setdefault(part, {}) if isinstance(holder, dict) else holder
                if not isinstance(holder, dict) or path[-1] in holder:
                    raise UsageError(f"{self.format.name}: two columns say what {'.'.join(path)!r} is")
                holder[path[-1]] = convert(item) if convert is not None else item
        # (Bytes in JSON are hexadecimal digits, as in what `parse` prints.)
        return [{"format": self.format.name, "value": value} for value in values] if printed else values

    def _converter(self, path: Path) -> tuple[Convert | None, bool]:
        """What makes values of a column's, None where they are the same; whether some of it is JSON."""
        node: Node | None = None
        members: Mapping[str, Member] = self.members
        for part in path:
            member = members.get(part)
            if member is None:
                return None, False
            node = member.node
            members = {inner.name: inner for inner in node.members} if isinstance(node, Struct) else {}
        assert node is not None  # a path is not empty
        return self._of(node, member.column.kind if member is not None else None), _holds_json(node)

    def _of(self, node: Node, kind: Any = None) -> Convert | None:
        """The same for a node."""
        if isinstance(node, Leaf):
            return _leaf(node)
        if isinstance(node, Struct):
            return self._struct(node)
        if isinstance(node, Listed):
            item = self._of(node.item, kind.item if isinstance(kind, Many) else None)
            return None if item is None else lambda values: [None if value is None else item(value) for value in values]
        if isinstance(node, OneOf):
            return self._one_of(node, kind)
        return self._flat(node, kind)

    def _struct(self, node: Struct) -> Convert:
        converts = {member.name: self._of(member.node, member.column.kind) for member in node.members}

        def convert(value: Any) -> Any:
            made = {}
            for name, item in value.items():
                of_item = converts.get(name)
                if item is not None and (name in converts or name not in self._made):
                    made[name] = of_item(item) if of_item is not None else item
            return made

        return convert

    def _one_of(self, node: OneOf, kind: Any) -> Convert | None:
        kinds = {case.name: inner for case, inner in self._trees.cases(kind)} if isinstance(kind, Switch) else {}
        converts = {case.name: (case.of, self._of(case.node, kinds.get(case.name, kind))) for case in node.cases}
        if len(converts) == 1:
            return next(iter(converts.values()))[1]

        def convert(value: Any) -> Any:
            there = [(name, item) for name, item in value.items() if item is not None]
            if len(there) != 1 or there[0][0] not in converts:
                return value if there else None
            name, item = there[0]
            target, of_item = converts[name]
            made = of_item(item) if of_item is not None else item
            if isinstance(target, str) or not isinstance(made, dict) or "type" in made:
                return made
            return {"type": self._trees.known[target].id, **made}

        return convert

    # ------------------------------------------------------------ recursions

    def _flat(self, node: Flat, kind: Any) -> Convert:
        """What puts the rows of a recursion into each other again."""
        depth, filled = node.depth, node.filled
        rows = {row.name: target for target, row in filled}
        converts = {
            target: {member.name: self._of(member.node, member.column.kind) for member in row.members}
            for target, row in filled
        }
        entry = (Column("top", kind),)

        def convert(listed: Any) -> Any:
            top: dict[str, Any] = {"top": [] if isinstance(kind, Many) else {}}
            open_: list[tuple[dict[str, Any], tuple[Column, ...]]] = []
            for item in listed:
                name = next((name for name in rows if item.get(name) is not None), "")
                if len(filled) > 1 and not name:
                    continue
                target = rows[name] if len(filled) > 1 else filled[0][0]
                value = item[name] if len(filled) > 1 else item
                made: dict[str, Any] = {}
                for key, of_item in converts[target].items():
                    if value.get(key) is not None:
                        made[key] = of_item(value[key]) if of_item is not None else value[key]
                del open_[item[depth] :]
                outer, columns = open_[-1] if open_ else (top, entry)
                self._put_inside(node, outer, columns, target, made)
                open_.append((made, node.rows[target].inner))
            return top["top"]

        return convert

    def _put_inside(
        self, node: Flat, outer: dict[str, Any], columns: tuple[Column, ...], target: type[Any], made: dict[str, Any]
    ) -> None:
        """Put an object into the field of another that leads to objects of its class, through those without a row."""
        leading = list(_leading(node, columns, target, frozenset()))
        if len(leading) != 1 or any(_is_list(column.kind) for column, _ in leading[0][:-1]):
            text = "it does not tell which field an object is of"
            raise UsageError(f"{self.format.name}: what was flattened cannot be put together again: {text}")
        for column, between in leading[0][:-1]:
            outer = outer.setdefault(column.id, {})
            if isinstance(column.kind, Switch):
                outer.setdefault("type", self._trees.known[between].id)
        column = leading[0][-1][0]
        if isinstance(column.kind, Switch) and "type" not in made:
            made = {"type": self._trees.known[target].id, **made}
        if _is_list(column.kind):
            outer.setdefault(column.id, []).append(made)
        else:
            outer[column.id] = made


def _leading(
    node: Flat, columns: tuple[Column, ...], target: type[Any], passed: frozenset[type[Any]]
) -> Iterator[list[tuple[Column, type[Any]]]]:
    """How fields lead to an object of a class, through objects that have no row: each field, and the class there."""
    for column in columns:
        if column.instance:
            continue
        for between in _classes_of(column.kind):
            row = node.rows.get(between)
            if between is target:
                yield [(column, between)]
            elif row is not None and not row.members and between not in passed:
                for rest in _leading(node, row.inner, target, passed | {between}):
                    yield [(column, between), *rest]


def is_made(field: pyarrow.Field) -> bool:
    """Whether a column was made by rules of sigflow.yaml."""
    said = field.metadata or {}
    return CALIBRATION.encode() in said or EXPRESSION.encode() in said


def made_in(field: pyarrow.Field) -> set[str]:
    """The names of such columns inside of one."""
    names: set[str] = set()
    waiting = [field.type]
    while waiting:
        kind = waiting.pop()
        if arrow().types.is_list(kind):
            waiting.append(kind.value_type)
        elif arrow().types.is_struct(kind):
            names.update(inner.name for inner in kind if is_made(inner))
            waiting += [inner.type for inner in kind]
    return names


def values_of(table: Any, formats: Sequence[Format]) -> Iterator[tuple[str, Any]]:
    """The rows of a table, or of record batches: of each the name of its format, and the value as `Format.build` takes
    it.

    formats: those that rows may be of: of several formats a table says in `_format` which, and has a column for each,
    as `Recording.to_arrow` gives it.  Raises `UsageError` where the table is not one of these formats.
    """
    makers = {format.name: TableValues(format) for format in formats}
    for batch in batches_of(table) or ():
        yield from _rows_of(batch, makers)


def _rows_of(batch: pyarrow.RecordBatch, makers: Mapping[str, TableValues]) -> Iterator[tuple[str, Any]]:
    if "_format" not in batch.schema.names:
        if len(makers) != 1:
            raise UsageError(f"the table has no column _format, which says which of {', '.join(makers)} a row is of")
        (name, maker), *_ = makers.items()
        yield from ((name, value) for value in maker.rows(batch))
        return
    pa = arrow()
    names = batch.column("_format").to_pylist()
    by_format: dict[str, Iterator[Any]] = {}
    for name in dict.fromkeys(names):
        own = makers.get(name)
        if own is None:
            raise UsageError(f"the table has rows of {name}, which is none of {', '.join(makers)}")
        mine = batch.filter(pa.array([other == name for other in names]))
        by_format[name] = iter(own.rows(mine))
    yield from ((name, next(by_format[name])) for name in names)


def batches_of(values: Any, size: int = 4096) -> Iterator[pyarrow.RecordBatch] | None:
    """The record batches of what holds columns; None of anything else.

    values: a table or a batch of Arrow, of pandas, Polars or whatever else gives Arrow's stream, an iterable of such, a
    mapping of columns by name, or a structured array of NumPy.  size: rows of a batch, at most.
    """
    tables = _tables(values)
    if tables is None:
        return None
    return (batch for table in tables for batch in _cut(table, size))


def _tables(values: Any) -> Iterable[Any] | None:
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
        if hasattr(values, "read_next_batch"):  # a reader, which is read batch by batch
            reader: Iterable[Any] = values
            return reader
        return [_table(values)]
    if isinstance(values, Mapping):
        return [_of_arrays(values)]
    names = getattr(getattr(values, "dtype", None), "names", None)
    return [_of_arrays({name: values[name] for name in names})] if names else None


def _of_arrays(columns: Mapping[str, Any]) -> pyarrow.Table:
    """Columns by their names as a table."""
    pa = arrow()
    try:
        return pa.table({name: _array(column) for name, column in columns.items()})
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(f"the columns make no table: {error}") from error


def is_table(value: Any) -> bool:
    """Whether an element of an iterable is a table itself."""
    return hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__")


def _table(values: Any) -> Any:
    pa = arrow()
    if isinstance(values, pa.Table | pa.RecordBatch):
        return values
    return pa.table(values)


def _array(column: Any) -> Any:
    """A column as Arrow has it; of an array of NumPy in whatever byte order."""
    pa = arrow()
    dtype = getattr(column, "dtype", None)
    if dtype is not None and hasattr(dtype, "newbyteorder") and not dtype.isnative:
        column = column.astype(dtype.newbyteorder("="))
    if dtype is not None and dtype.kind == "V" and dtype.itemsize:
        return pa.array([item.tobytes() for item in column], pa.binary())
    return pa.array(column) if not isinstance(column, pa.Array | pa.ChunkedArray) else column


def _cut(table: Any, size: int) -> Iterator[pyarrow.RecordBatch]:
    """A table or a batch as batches of bounded length."""
    pa = arrow()
    if isinstance(table, pa.RecordBatch):
        for start in range(0, table.num_rows, size):
            yield table.slice(start, size)
    else:
        yield from table.to_batches(max_chunksize=size)


# ---------------------------------------------------------------- leaves


def number_of(kind: Named, text: str) -> int | None:
    """The number that a name of an enum stands for, as a table has it: digits for one without a name."""
    for member in kind.enum:
        if text in (label(member), member.name):
            return int(member)
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) < 40 else None


def _leaf(leaf: Leaf) -> Convert | None:
    kind = leaf.kind
    if isinstance(kind, Named):

        def named(value: Any) -> Any:
            number = number_of(kind, value) if isinstance(value, str) else None
            return value if number is None else number

        return named
    if isinstance(kind, Unknown):
        return _of_json
    if isinstance(kind, Computed):
        return lambda value: int(value) if isinstance(value, Decimal) and value == int(value) else value
    return None


def _of_json(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _holds_json(node: Node) -> bool:
    if isinstance(node, Leaf):
        return isinstance(node.kind, Unknown)
    if isinstance(node, Struct):
        return any(_holds_json(member.node) for member in node.members)
    if isinstance(node, Listed):
        return _holds_json(node.item)
    if isinstance(node, OneOf):
        return any(_holds_json(case.node) for case in node.cases)
    return any(_holds_json(member.node) for _, row in node.filled for member in row.members)


def _classes_of(kind: Any) -> list[type[Any]]:
    """The classes of the objects that a field of this kind may hold."""
    if isinstance(kind, Nested):
        return [kind.target]
    if isinstance(kind, Many):
        return _classes_of(kind.item)
    return [target for case in kind.cases for target in _classes_of(case)] if isinstance(kind, Switch) else []


def _is_list(kind: Any) -> bool:
    return isinstance(kind, Many) or (isinstance(kind, Switch) and any(isinstance(case, Many) for case in kind.cases))


def _path(name: str) -> Path:
    return tuple(name.split(".")) if all(part.isidentifier() for part in name.split(".")) else (name,)
