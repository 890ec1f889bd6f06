"""What the description of the API says about bodies that are parsed by hand."""

from typing import Any


def takes(model: type) -> dict[str, Any]:
    """OpenAPI of a body that is parsed by hand, so that every value stays exact."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
