"""`sigflow convert`: the frames of a capture as frames of another format."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sigflow.cli.completion import format_names
from sigflow.cli.options import Settings, capture
from sigflow.cli.rewriting import out_option, rewriting, rewritten
from sigflow.config import Fields, configured, read_mapping
from sigflow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sigflow.recording import Recording
    from sigflow.recording.selection.asked import Selection
    from sigflow.rewrite.mapping import FormatMapping
    from sigflow.rewrite.result import Rewritten
    from sigflow.storage.disk import Identity
    from sigflow.stream.format import Format

#: What the name of a file with a spec ends in.
ENDING = ".ksy"


@click.command("convert")
@capture
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="SPEC",
    shell_complete=format_names,
    help="A format of the frames in CAPTURE, as of --spec; repeat it for several.",
)
@click.option("--to", "target", required=True, metavar="SPEC", shell_complete=format_names, help="The format of OUT.")
@click.option(
    "--map",
    "map_file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="A YAML file that says, for each format in CAPTURE, what fields of the target become: `PATH: EXPRESSION` over "
    "the frame of that format. `mapping:` in sigflow.yaml says the same.",
)
@out_option
@rewriting
def command(
    capture: str,
    sources: tuple[str, ...],
    target: str,
    map_file: str | None,
    output: str,
    form: str,
    selection: Selection,
    settings: Settings,
) -> int:
    """Write the frames of CAPTURE to OUT as frames of another format.

    Fields of one path are carried over, and so are the payload, the stream and, where both count alike, the sequence
    number; else frames are counted in each stream. What has no place to go is told, and so is what was made from
    nothing. Gaps are left out and counted. OUT takes its name only once it was read back.
    """
    from sigflow import catalog, storage
    from sigflow.recording import Recording

    others = [target] if target.endswith(ENDING) else []  # (a name is no file)
    others += [map_file] if map_file is not None else []
    settings = replace(settings, specs=(*settings.specs, *sources), others=tuple(others))
    own = read_mapping(map_file) if map_file is not None else {}
    goal = catalog.load(target, limits=settings.limits, **settings.compiling.options())
    wanted = configured(settings.config).mapping.get(goal.name, {})

    def work(recording: Recording, out: str, spared: Sequence[Identity]) -> Rewritten:
        from sigflow.rewrite.converting import converted

        mappings = _mappings(recording.formats, goal, wanted, own)
        with storage.open(b"") as nothing:
            reader = Recording(
                nothing, [goal], limits=settings.limits, engine=settings.engine, workers=settings.workers
            )
            return converted(recording, reader, mappings, out, spared=spared)

    return rewritten(capture, output, form, selection, settings, work)


def _mappings(
    formats: Sequence[Format], target: Format, wanted: Mapping[str, Fields], own: Mapping[str, Fields]
) -> list[FormatMapping]:
    """The mapping of each format.  own: what `--map` says, which comes before what the configuration does."""
    from sigflow.rewrite.mapping import mapping_of

    names = [format.name for format in formats]
    for name in own:
        if name not in names:
            raise UsageError(f"--map: {name!r} is none of the formats that are read: {', '.join(names)}")
    mappings = []
    for format in formats:
        fields = {**wanted.get(format.name, {}), **own.get(format.name, {})}
        texts = {path: name.text if name is not None else None for path, name in fields.items()}
        places = {path: name.place for path, name in fields.items() if name is not None}
        mappings.append(mapping_of(format, target, texts, places))
    return mappings
