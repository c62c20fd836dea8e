"""Schemas of public packages, and data that each package makes itself: by its encoders, or as its own tests have it.

Nothing of a package is copied: it is imported where it is installed.
"""

from __future__ import annotations

import ast
import importlib.util
import io
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple


class Own(NamedTuple):
    """A schema of a package.  package: its import name.  schema: where it stands, `module:path`.  data: makes bytes."""

    package: str
    schema: str
    data: Callable[[], list[bytes]]


def found(path: str) -> Any:
    """What `module:path` names."""
    module, _, names = path.partition(":")
    value: Any = import_module(module)
    for name in names.split("."):
        value = getattr(value, name)
    return value


def swift(path: str, **fields: Any) -> Callable[[], list[bytes]]:
    """The payloads of messages as their class packs them: what stands between the header of six bytes and the CRC."""

    def make() -> list[bytes]:
        made = []
        for sender in (1, 2):
            raw = found(path)(sender=sender, **fields).to_binary()
            made.append(raw[6:-2])
        return made

    return make


OBSERVATIONS = {
    "header": {"t": {"tow": 86400000, "ns_residual": -250, "wn": 2150}, "n_obs": 0x20},
    "obs": [
        {"P": 1100000000 + n, "L": {"i": -5000 * n, "f": n}, "D": {"i": n, "f": 1}, "cn0": 160 + n, "lock": n,
         "flags": 15, "sid": {"sat": n, "code": 0}} for n in range(12)
    ],
}  # fmt: skip


def descriptors(type: int) -> Callable[[], list[bytes]]:
    """The USB descriptors of one type as the package's emitters write those of a device."""

    def make() -> list[bytes]:
        collection = found("usb_protocol.emitters:DeviceDescriptorCollection")()
        with collection.DeviceDescriptor() as device:
            device.idVendor, device.idProduct, device.bNumConfigurations = 0x1234, 0x5678, 1
            device.iManufacturer, device.iProduct = "Ärmelkanal", "Sensor"
        with collection.ConfigurationDescriptor() as configuration, configuration.InterfaceDescriptor() as interface:
            interface.bInterfaceNumber = 0
            for address in (0x81, 0x01):
                with interface.EndpointDescriptor() as endpoint:
                    endpoint.bEndpointAddress = address
        made = []
        for _, _, raw in collection:
            while raw:  # (a configuration has those of its interfaces and endpoints behind it)
                made.append(bytes(raw[: raw[0]]))
                raw = raw[raw[0] :]
        return [raw for raw in made if raw[1] == type and raw != b"\4\3\t\4"]

    return make


def schedules() -> list[bytes]:
    """What a thermostat is sent for the days of a week."""
    from datetime import time

    sent: list[bytes] = []

    class Connection:
        def __init__(self, mac: Any, interface: Any) -> None:
            pass

        def set_callback(self, handle: Any, function: Any) -> None:
            pass

        def make_request(self, handle: Any, value: bytes, **more: Any) -> None:
            sent.append(value)

    thermostat = found("eq3bt:Thermostat")("", connection_cls=Connection)
    for day in ("mon", "tue", "sat"):
        hours = [{"target_temp": 17.5 + n, "next_change_at": time(6 + 2 * n, 30)} for n in range(4)]
        value = {"cmd": "write", "day": day, "base_temp": 17.0, "next_change_at": time(6, 0), "hours": hours}
        thermostat.set_schedule(value)
    return sent


def answers(name: str) -> Callable[[], list[bytes]]:
    """What a thermostat answers in the package's own tests."""

    def make() -> list[bytes]:
        held = found(f"eq3bt.tests.test_thermostat:{name}")
        return [bytes.fromhex(text.decode()) for text in (held.values() if isinstance(held, dict) else [held])]

    return make


def advertised(prefix: str) -> Callable[[], list[bytes]]:
    """Advertisements of thermometers that the package has for its gallery, by their names there."""

    def make() -> list[bytes]:
        spec = importlib.util.find_spec("atc_mi_interface.atc_mi_format_test")  # (to run it would take a desktop)
        assert spec is not None and spec.origin is not None
        made = []
        for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Tuple) and isinstance(name := getattr(node.elts[0], "value", None), str):
                texts = [item.value for item in ast.walk(node) if isinstance(item, ast.Constant)]
                if name.split(" (")[0] == prefix:
                    binary = texts[texts.index("binary") :]
                    made.append(bytes.fromhex(next(text for text in binary[1:] if text[2:3] == " ")))
        return made

    return make


def header() -> list[bytes]:
    """The header of a new database, behind its signature."""
    file = io.BytesIO()
    # (a key that is given is not derived, which takes a second)
    found("pykeepass:create_database")(file, transformed_key=bytes(32))
    return [file.getvalue()[12:]]


def parameters() -> list[bytes]:
    """The dictionary of such a header that says how the key is derived."""
    schema = found("pykeepass.kdbx_parsing.kdbx4:DynamicHeader")
    parsed = schema.parse(header()[0])
    return [found("pykeepass.kdbx_parsing.kdbx4:VariantDictionary").build(parsed.kdf_parameters.data)]


TIMES = {"wn": 2150, "tow": 86400000, "ns_residual": -250, "flags": 1}
PLACE = {
    "tow": 5,
    "lat": 48.1,
    "lon": 11.5,
    "height": 520.25,
    "h_accuracy": 9,
    "v_accuracy": 12,
    "n_sats": 8,
    "flags": 1,
}
OWN: dict[str, Own] = {
    "sbp: MsgGPSTime": Own(
        "sbp", "sbp.navigation:MsgGPSTime._parser", swift("sbp.navigation:MsgGPSTime", **TIMES)
    ),
    "sbp: MsgPosLLH": Own(
        "sbp", "sbp.navigation:MsgPosLLH._parser", swift("sbp.navigation:MsgPosLLH", **PLACE)
    ),
    "sbp: MsgObs": Own(
        "sbp", "sbp.observation:MsgObs._parser", swift("sbp.observation:MsgObs", **OBSERVATIONS)
    ),
    "sbp: MsgSettingsReadByIndexResp": Own(
        "sbp", "sbp.settings:MsgSettingsReadByIndexResp._parser",
        swift("sbp.settings:MsgSettingsReadByIndexResp", index=7, setting=b"uart\0baud\x00115200\0"),
    ),
    "usb-protocol: DeviceDescriptor": Own(
        "usb_protocol", "usb_protocol.types.descriptors.standard:DeviceDescriptor", descriptors(1)
    ),
    "usb-protocol: ConfigurationDescriptor": Own(
        "usb_protocol", "usb_protocol.types.descriptors.standard:ConfigurationDescriptor", descriptors(2)
    ),
    "usb-protocol: StringDescriptor": Own(
        "usb_protocol", "usb_protocol.types.descriptors.standard:StringDescriptor", descriptors(3)
    ),
    "usb-protocol: EndpointDescriptor": Own(
        "usb_protocol", "usb_protocol.types.descriptors.standard:EndpointDescriptor", descriptors(5)
    ),
    "python-eq3bt: DeviceId": Own("eq3bt", "eq3bt.structures:DeviceId", answers("ID_RESPONSE")),
    "python-eq3bt: Schedule": Own("eq3bt", "eq3bt.structures:Schedule", schedules),
    "python-eq3bt: Status": Own("eq3bt", "eq3bt.structures:Status", answers("STATUS_RESPONSES")),
    "atc-mi-interface: custom_format": Own(
        "atc_mi_interface", "atc_mi_interface.atc_mi_construct:custom_format", advertised("custom")
    ),
    "atc-mi-interface: atc1441_format": Own(
        "atc_mi_interface", "atc_mi_interface.atc_mi_construct:atc1441_format", advertised("atc1441")
    ),
    "atc-mi-interface: bt_home_format": Own(
        "atc_mi_interface", "atc_mi_interface.atc_mi_construct:bt_home_format", advertised("bt_home v1")
    ),
    "pykeepass: DynamicHeader": Own("pykeepass", "pykeepass.kdbx_parsing.kdbx4:DynamicHeader", header),
    "pykeepass: VariantDictionary": Own("pykeepass", "pykeepass.kdbx_parsing.kdbx4:VariantDictionary", parameters),
}  # fmt: skip
