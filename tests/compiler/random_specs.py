"""Random stream specs: a few fields, types in types, lists, switches, checks, whatever a measure has to look at.

`random_spec(seed)` gives the text.  Most are odd, some are refused by the compiler; what matters is that all ways of
measuring say the same of them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

NUMBERS = ("u1", "u1", "u1", "u2", "u2le", "s1", "s2", "u4", "s4le", "u8", "s8", "f4")
OPERATORS = ("+", "-", "*", "&", "|", "%", "/", "^", "<<", ">>")
COMPARISONS = ("==", "!=", "<", ">", "<=", ">=")
#: What random inputs are made of.
ALPHABET = b"\x00\x01\x02\x03AB;\xc8"

#: A field as its keys, in order.
Keys = dict[str, str]


@dataclass
class Known:
    """What expressions may speak of: integers and stretches of bytes."""

    numbers: list[str] = field(default_factory=list)
    stretches: list[str] = field(default_factory=list)


def random_spec(seed: int) -> str:
    """A spec."""
    return _Maker(random.Random(seed)).text()


class _Maker:
    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.bit_order = dice.choice(("", "le"))
        self.types: list[str] = []
        self.count = 0
        self.left = dice.randrange(4, 14)

    def text(self) -> str:
        fields, _ = self.fields(0, False, False, Known())
        if self.dice.random() < 0.5:
            fields.insert(0, {"id": "magic", "contents": self.dice.choice(("[65]", "[65, 66]", "[65, 66, 65]"))})
        checksum = ""
        if self.dice.random() < 0.3 and len(fields) > 1:
            over = f"{fields[0]['id']}..{fields[-1]['id']}, {self.dice.choice(fields)['id']}"
            fields.append({"id": "sum", "type": "u1"})
            checksum = f", checksum: {{field: sum, algorithm: sum-8, over: [{over}]}}"
        head = f"meta: {{id: rnd, endian: be}}\n-sigflow-stream: {{max-frame: 60{checksum}}}\nseq:\n"
        types = "types:\n" + "".join(self.types) if self.types else ""
        return head + _shown(fields, "  ") + types

    # ------------------------------------------------------------ expressions

    def number(self, known: Known, depth: int = 0) -> str:
        chance = self.dice.random()
        if not known.numbers or chance < 0.25:
            return str(self.dice.choice((0, 1, 2, 3, 5, 7, -1, 255)))
        if chance < 0.6 or depth > 1:
            return self.dice.choice(known.numbers)
        left, right, op = self.number(known, depth + 1), self.number(known, depth + 1), self.dice.choice(OPERATORS)
        return f"({left} {op} ({right} & 7))" if op in ("<<", ">>") else f"({left} {op} {right})"

    def small(self, known: Known) -> str:
        text = self.number(known)
        return self.dice.choice((f"{text} & 3", f"{text} % 4", text, f"{text} & 7"))

    def truth(self, known: Known) -> str:
        terms = []
        if known.numbers:
            terms.append(f"{self.number(known)} {self.dice.choice(COMPARISONS)} {self.number(known)}")
        if known.stretches:
            x, y = self.dice.choice(known.stretches), self.dice.choice(known.stretches)
            terms += [
                f"{x}.length {self.dice.choice(('==', '>', '<'))} {self.dice.randrange(4)}", f"{x}.first == 65",
                f"({x}.length == 0 or {x}.max < 0x70)", f"{x} == [65]", f"{x}.last != {x}.min", f"{x} == {y}",
                f"{x}.length > 1 and {x}[1] == {x}.first",
            ]  # fmt: skip
        if not terms:
            return "true"
        text = self.dice.choice(terms)
        if self.dice.random() < 0.3:
            text = f"({text}) {self.dice.choice(('and', 'or'))} ({self.dice.choice(terms)})"
        return f"not ({text})" if self.dice.random() < 0.1 else text

    def check(self, known: Known, element: str) -> str:
        extra = Known([*known.numbers, "_"] if element == "number" else known.numbers,
                      [*known.stretches, "_"] if element == "bytes" else known.stretches)  # fmt: skip
        return f"{{expr: '{self.truth(extra)}'}}"

    # ------------------------------------------------------------ fields

    def fields(self, depth: int, part: bool, ends: bool, known: Known) -> tuple[list[Keys], Known]:
        """The fields of a type.  part: it has a size; ends: it may read to its end."""
        fields: list[Keys] = []
        known = Known(list(known.numbers), list(known.stretches))
        for number in range(self.dice.randrange(1, 5 if depth else 7)):
            if self.left <= 0 and number:
                break
            self.left -= 1
            self.count += 1
            keys: Keys = {"id": f"f{self.count}"}
            kinds = (self.plain, self.plain, self.bits, self.sized, self.ended, self.string, self.literal)
            inner = (self.object, self.object) if depth < 3 else ()
            gives = self.dice.choice((*kinds, *inner))(keys, known, depth, part)
            gives = self.repeated(keys, known, gives, ends)
            if self.dice.random() < 0.15 and number:
                keys["if"] = f"'{self.truth(known)}'"
            if not part and self.dice.random() < 0.1:
                keys["-sigflow-max-size"] = str(self.dice.randrange(1, 8))
            if self.dice.random() < 0.15:
                keys["-sigflow-reason"] = f"reason-{self.count}"
            fields.append(keys)
            known.numbers += gives.numbers
            known.stretches += gives.stretches
        return fields, known

    def plain(self, keys: Keys, known: Known, _depth: int, _part: bool) -> Known:
        keys["type"] = self.dice.choice(NUMBERS)
        if keys["type"] == "f4":
            return Known()
        if self.dice.random() < 0.35:
            fixed = (str(self.dice.choice((0, 1, 2, 65))), "{max: 5}", "{min: 1}", "{any-of: [0, 1, 65, 2]}")
            keys["valid"] = self.dice.choice((*fixed, self.check(known, "number")))
        return Known([keys["id"]])

    def bits(self, keys: Keys, _known: Known, _depth: int, _part: bool) -> Known:
        width = self.dice.choice((1, 2, 3, 4, 5, 7, 8, 9, 12, 16))
        keys["type"] = f"b{width}{self.bit_order}"
        return Known([keys["id"]] if width > 1 else [])

    def sized(self, keys: Keys, known: Known, _depth: int, _part: bool) -> Known:
        keys["size"] = f"'{self.small(known)}'"
        if self.dice.random() < 0.3:
            keys["valid"] = self.check(known, "bytes")
        if self.dice.random() < 0.15:
            keys["terminator"] = "65"
        if self.dice.random() < 0.15:
            keys["pad-right"] = "0"
        return Known([], [keys["id"]])

    def ended(self, keys: Keys, known: Known, _depth: int, part: bool) -> Known:
        keys["terminator"] = self.dice.choice(("0", "65", "59", "[65, 66]", "[0, 0]"))
        for key, value, chance in (("include", "true", 0.25), ("consume", "false", 0.25)):
            if self.dice.random() < chance:
                keys[key] = value
        if part and self.dice.random() < 0.4:
            keys["eos-error"] = "false"
        if self.dice.random() < 0.3:
            keys["valid"] = self.check(known, "bytes")
        return Known([], [keys["id"]])

    def string(self, keys: Keys, known: Known, _depth: int, part: bool) -> Known:
        keys["type"], keys["encoding"] = "str", self.dice.choice(("ASCII", "UTF-8", "ISO-8859-1", "windows-1252"))
        if self.dice.random() < 0.5:
            keys["size"] = f"'{self.small(known)}'"
        else:
            keys["terminator"] = self.dice.choice(("0", "59"))
            if part and self.dice.random() < 0.5:
                keys["eos-error"] = "false"
        if self.dice.random() < 0.4:
            keys["valid"] = self.dice.choice(
                ("{expr: '_ != \"A\"'}", "{any-of: ['\"A\"', '\"AB\"', '\"\"']}", "{expr: '_.length < 3'}")
            )
        return Known()

    def literal(self, keys: Keys, _known: Known, _depth: int, _part: bool) -> Known:
        keys["contents"] = str([self.dice.choice((65, 66, 0, 59)) for _ in range(self.dice.randrange(1, 4))])
        return Known()

    def object(self, keys: Keys, known: Known, depth: int, part: bool) -> Known:
        id, shape = keys["id"].replace("f", "t"), self.dice.random()
        argument = self.number(known) if known.numbers and self.dice.random() < 0.4 else ""
        fields, inner = self.fields(depth + 1, part or shape < 0.4, shape < 0.4, Known(["p"] if argument else []))
        params = "    params: [{id: p, type: s4}]\n" if argument else ""
        instance = inner.numbers and self.dice.random() < 0.4
        calc = f"    instances: {{calc: {{value: '{self.number(inner)}'}}}}\n" if instance else ""
        self.types.append(f"  {id}:\n{params}    seq:\n{_shown(fields, '      ')}{calc}")
        call = f"{id}({argument})" if argument else id
        if shape < 0.25:
            keys["size"] = f"'{self.small(known)}'"
        elif shape < 0.4:
            keys["terminator"] = self.dice.choice(("0", "59"))
        if shape < 0.15:
            keys["valid"] = "{expr: 'true'}"
        if self.dice.random() < 0.2 and known.numbers:
            other = self.dice.choice(("0: u1", "2: u1, _: u2"))
            keys["type"] = f"{{switch-on: '{self.number(known)}', cases: {{1: '{call}', {other}}}}}"
            return Known()
        keys["type"] = f"'{call}'"
        mine = [number for number in inner.numbers if number != "p" and "[" not in number][:3] + (
            ["calc"] if calc else []
        )
        return Known([f"{keys['id']}.{number}" for number in mine])

    def repeated(self, keys: Keys, known: Known, gives: Known, ends: bool) -> Known:
        """A field, or a list of such, and what expressions can then say of it."""
        chance, id = self.dice.random(), keys["id"]
        if "contents" in keys or chance > 0.22:
            return gives
        if chance < 0.12:
            keys["repeat"], keys["repeat-expr"] = "expr", f"'{self.small(known)}'"
        elif chance < 0.18 and keys.get("type") in ("u1", "u2", "s1"):
            until = self.dice.choice(("_ == 0", "_ > 64", f"_ == 65 or {id}.size > 3"))
            keys["repeat"], keys["repeat-until"] = "until", f"'{until}'"
        elif ends:
            keys["repeat"] = "eos"
        else:
            return gives
        numbers = [number.replace(id, f"{id}.last", 1) for number in gives.numbers]
        if gives.numbers == [id]:
            numbers += [f"{id}.first", *([f"{id}[1]"] if self.dice.random() < 0.5 else [])]
        return Known([f"{id}.size", *numbers], [f"{number}.last" for number in gives.stretches])


def _shown(fields: list[Keys], indent: str) -> str:
    return "".join(f"{indent}- {{{', '.join(f'{key}: {text}' for key, text in keys.items())}}}\n" for keys in fields)
