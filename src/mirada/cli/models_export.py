"""`mirada models export`: an encoder as graphs that run without torch."""

from __future__ import annotations

from pathlib import Path

import click

FORMATS = ("onnx", "openvino")


@click.command(epilog="Example: mirada models export siglip2 --out siglip2-onnx")
@click.argument("model")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder to write; a new one."
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="onnx", show_default=True)
def export(model: str, out: Path, form: str) -> None:
    """Write the encoder MODEL so that it runs without torch and transformers.

    MODEL is a CLIP, a SigLIP or a SigLIP 2 of one size: a short name, hub:ID or a folder in the
    format of Hugging Face. Vectors agree with those of the model itself to 1e-4, so an index made
    with the one can be searched with the other: set `encoder = "FOLDER"` in mirada.toml.
    """
    from mirada.errors import ConfigError, ModelUnavailable  # noqa: PLC0415 only when it runs
    from mirada.models.hub.encoders import HubEncoder  # noqa: PLC0415
    from mirada.plugins import load_encoder  # noqa: PLC0415

    options = {"hub": {"device": "cpu", "precision": "float32"}}
    encoder = load_encoder(model, options)
    if not isinstance(encoder, HubEncoder):
        raise ConfigError(f"{model} cannot be exported: name a CLIP or SigLIP as hub:ID or folder")
    try:
        from mirada.models.hub.export import export_encoder  # noqa: PLC0415 brings torch
    except ImportError as error:
        raise ModelUnavailable("to export needs the extra: pip install 'mirada[export]'") from error
    differs = export_encoder(encoder, out, form)
    click.echo(
        f"{encoder.name} written to {out} as {form}; vectors differ by {differs:.1g} at most"
    )
