"""``datapackage.json``: the tables for Frictionless, typed and constrained as the records are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from repro.bundle.bag import sha256
from repro.bundle.texts import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from repro.records import Record

    Tables = Mapping[str, type[Record]]

NAME = "datapackage.json"


def write(files: Mapping[str, bytes], tables: Tables, *, name: str, title: str) -> bytes:
    """Describe the tables among ``files`` (Data Package 1.0, Table Schema 1.0)."""
    resources = [_resource(path, files[path], record) for path, record in tables.items()]
    package = {
        "profile": "tabular-data-package",
        "name": name,
        "title": title,
        "resources": resources,
    }
    return json_text(package)


def check(files: Mapping[str, bytes], tables: Tables, package: Any) -> None:
    """Compare size and digest of each described table with the table.

    Raises:
        ValueError: a table is not described, or is described wrongly.

    """
    described = {item["path"]: (item["bytes"], item["hash"]) for item in package["resources"]}
    for path in tables:
        if described.get(path) != (len(files[path]), f"sha256:{sha256(files[path])}"):
            raise ValueError(f"{NAME}: size or digest of {path} differs")


def _resource(path: str, data: bytes, record: type[Record]) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": path.removesuffix(".csv").replace("/", "-"),
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{sha256(data)}",
        "schema": {"fields": list(_fields(record)), "missingValues": [""]},
    }


def _fields(record: type[Record]) -> list[dict[str, Any]]:
    schema = record.model_json_schema(by_alias=True)
    required = schema.get("required", [])
    return [
        _field(name, _resolve(shape, schema), required=name in required)
        for name, shape in schema["properties"].items()
    ]


def _resolve(shape: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Look through references and optional values to the plain type."""
    if "$ref" in shape:
        return dict(schema["$defs"][shape["$ref"].rsplit("/", 1)[1]])
    for option in shape.get("anyOf", ()):
        if option.get("type") != "null":
            return _resolve(option, schema)
    return shape


def _field(name: str, shape: dict[str, Any], *, required: bool) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": True} if required else {}
    if "enum" in shape:
        constraints["enum"] = shape["enum"]
    if "minimum" in shape:
        constraints["minimum"] = shape["minimum"]
    if "exclusiveMinimum" in shape:
        constraints |= _above(shape)
    field = {"name": name, "type": shape["type"]}
    return {**field, "constraints": constraints} if constraints else field


def _above(shape: dict[str, Any]) -> dict[str, Any]:
    """Say "greater than" with what Table Schema 1.0 has; repr of a float is above 5e-324."""
    limit = shape["exclusiveMinimum"]
    return {"minimum": limit + 1 if shape["type"] == "integer" else 5e-324}
