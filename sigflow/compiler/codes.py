"""The codes of the compiler's diagnostics: stable, with the severity and what each is about.

SF1xx text and structure, SF2xx names, SF3xx expressions and types, SF4xx layout, SF5xx stream hints, SF6xx style and
advice. `bad` is a spec that shows the problem and `good` one that does not; the documentation is made from them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sigflow.diagnostics import Severity

E, W = Severity.ERROR, Severity.WARNING


@dataclass(frozen=True, slots=True)
class Code:
    """One code."""

    severity: Severity
    title: str


CODES: dict[str, Code] = {
    "SF101": Code(E, "the spec is too large"),
    "SF102": Code(E, "the spec is not UTF-8"),
    "SF103": Code(E, "the spec is not YAML"),
    "SF104": Code(E, "the spec is empty"),
    "SF105": Code(E, "more than one YAML document"),
    "SF106": Code(E, "nested too deep"),
    "SF107": Code(E, "a key that is no scalar"),
    "SF108": Code(E, "a key given twice"),
    "SF109": Code(E, "too many nodes, aliases expanded"),
    "SF110": Code(E, "the spec is no map"),
    "SF111": Code(E, "another kind of node was expected"),
    "SF112": Code(E, "a string or an expression was expected"),
    "SF113": Code(E, "a boolean was expected"),
    "SF114": Code(E, "a byte was expected"),
    "SF115": Code(E, "an unknown key"),
    "SF116": Code(E, "an invalid ID"),
    "SF117": Code(E, "no meta/id"),
    "SF118": Code(E, "an invalid language version"),
    "SF119": Code(W, "a language version newer than this compiler"),
    "SF120": Code(E, "an invalid byte order"),
    "SF121": Code(E, "an ID is missing"),
    "SF122": Code(E, "an invalid repeat"),
    "SF123": Code(E, "an incomplete switch"),
    "SF124": Code(E, "invalid contents"),
    "SF125": Code(E, "an invalid process"),
    "SF126": Code(E, "an invalid form of valid"),
    "SF127": Code(E, "an invalid in-enum"),
    "SF128": Code(E, "an invalid value in an enum"),
    "SF201": Code(E, "an ID used twice in a type"),
    "SF202": Code(E, "a member used twice in an enum"),
    "SF203": Code(E, "an unknown field"),
    "SF204": Code(E, "an unknown type"),
    "SF205": Code(E, "an unknown enum"),
    "SF206": Code(E, "an enum on something that is no integer"),
    "SF207": Code(E, "an unknown member of an enum"),
    "SF208": Code(E, "two specs with one ID"),
    "SF209": Code(E, "an unknown import"),
    "SF301": Code(E, "not an expression"),
    "SF302": Code(E, "not a type name"),
    "SF303": Code(E, "an instance that needs itself"),
    "SF304": Code(E, "an f-string with something that has no text"),
    "SF305": Code(E, "an unknown method"),
    "SF306": Code(E, "a wrong number of arguments of a method"),
    "SF307": Code(E, "a wrong argument of a method or an index"),
    "SF308": Code(E, "an operator on types it does not take"),
    "SF309": Code(E, "a comparison of types that do not compare"),
    "SF310": Code(E, "an expression of the wrong type"),
    "SF311": Code(E, "a wrong number of arguments of a type"),
    "SF312": Code(E, "an argument of the wrong type"),
    "SF313": Code(E, "wrong arguments of a process"),
    "SF314": Code(E, "a custom process that was not allowed"),
    "SF401": Code(E, "bytes of unknown extent"),
    "SF402": Code(E, "a bit field that is too wide"),
    "SF403": Code(E, "a number without byte order"),
    "SF404": Code(E, "a string without encoding"),
    "SF405": Code(E, "a size that is not fixed"),
    "SF406": Code(E, "a negative size"),
    "SF407": Code(E, "keys that exclude each other"),
    "SF408": Code(W, "a check that nothing satisfies"),
    "SF409": Code(E, "a type that holds itself without end"),
    "SF501": Code(E, "an unknown hint"),
    "SF502": Code(E, "a hint of the wrong form"),
    "SF503": Code(E, "an unknown checksum algorithm"),
    "SF504": Code(E, "a checksum that does not fit its field"),
    "SF505": Code(E, "a sync that no field fixes"),
    "SF506": Code(E, "a max-frame below the smallest frame"),
    "SF507": Code(E, "a frame whose length cannot be derived"),
    "SF508": Code(E, "an unknown field in a hint"),
    "SF509": Code(W, "bytes that no checksum protects"),
    "SF510": Code(W, "a chain that random bytes may satisfy"),
    "SF601": Code(W, "an unknown encoding"),
    "SF602": Code(W, "an encoding by another than its canonical name"),
    "SF603": Code(W, "a name that the style guide would choose otherwise"),
    "SF604": Code(W, "an unused type"),
    "SF605": Code(W, "an unused param"),
}
