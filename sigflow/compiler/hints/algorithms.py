"""The algorithm of a checksum, as a spec says it: by its name, or by parameters."""

from __future__ import annotations

from sigflow import checksums
from sigflow.compiler import schema as sc
from sigflow.compiler.hints.reader import Reader
from sigflow.compiler.resolve import byte_order
from sigflow.compiler.source import Mapping, Node, Scalar
from sigflow.errors import UsageError
from sigflow.runtime.envelope import CrcParameters, Named, SumParameters, XorParameters

CRC_KEYS = ("width", "poly", "init", "refin", "refout", "xorout")
SUM_KEYS = ("sum", "word", "carry", "complement", "init", "mask")
XOR_KEYS = ("xor", "word", "init")
#: Keys whose values are words; those of the others are integers, or true and false.
_WORDS = ("word", "carry", "complement")
_FLAGS = ("refin", "refout")


class AlgorithmReader(Reader):
    """Reads the algorithm of a checksum."""

    def algorithm(self, node: Node | None, unit: sc.ClassSpec) -> Named | None:
        """The algorithm; None where it is none, which is reported."""
        if isinstance(node, Scalar):
            try:
                checksums.get(node.text)
            except UsageError as error:
                self.bad(node, str(error).partition(" Known: ")[0], "SF503")
                return None
            return checksums.canonical(node.text)
        if not isinstance(node, Mapping):
            if node is not None:
                self.bad(node, f"expected a name, or the parameters of a CRC, a sum or an XOR, got {node.describe()}")
            return None
        keys = next((keys for keys in (SUM_KEYS, XOR_KEYS) if node.get(keys[0]) is not None), CRC_KEYS)
        what = {SUM_KEYS: "a sum", XOR_KEYS: "an XOR", CRC_KEYS: "a CRC"}[keys]
        self.keys(node, keys, what)
        values = self._values(node, keys)
        if values is None:
            return None
        if keys is CRC_KEYS and not {"width", "poly"} <= values.keys():
            self.bad(node, "a CRC needs at least `width` and `poly`; a sum `sum`, an XOR `xor`")
            return None
        if values.get("word") in ("u2", "u4") and byte_order(unit) in ("le", "be"):
            values["word"] = f"{values['word']}{byte_order(unit)}"
        if keys is not CRC_KEYS:
            values["width"] = values.pop(keys[0])
        kind = {SUM_KEYS: SumParameters, XOR_KEYS: XorParameters, CRC_KEYS: CrcParameters}[keys]
        parameters: Named = kind(**values)
        try:
            checksums.get(parameters)
        except UsageError as error:
            self.bad(node, str(error), "SF503")
            return None
        return parameters

    def _values(self, node: Mapping, keys: tuple[str, ...]) -> dict[str, int | bool | str] | None:
        """The parameters by their keys; None where one has no such value, or is no key."""
        values: dict[str, int | bool | str] = {}
        for key, written in node:
            value = written if isinstance(written, Scalar) else None
            name = key.text
            wanted = "a word" if name in _WORDS else "true or false" if name in _FLAGS else "an integer"
            known: int | bool | str | None = None
            if value is not None:
                known = value.text if name in _WORDS else value.boolean if name in _FLAGS else value.integer
            if known is None:
                self.bad(written, f"`{name}`: expected {wanted}, got {written.describe()}")
                return None
            values[name] = known
        return values if set(keys) >= values.keys() else None
