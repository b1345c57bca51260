"""The API reference, made from the OpenAPI document of the code as it is, with who may ask for each answer."""

import json
import re
from typing import Any

from server.access import matrix
from server.web.app import ROUTERS, openapi

Json = dict[str, Any]

HEAD = """# API reference

Made from the code when this site was built; the same as [OpenAPI 3](openapi.json) is what a running server answers
at `/api/v1/openapi.json`. How to take punches out, with cursors and webhooks: [taking punches out](pull.md).

* Send `Authorization: Bearer TOKEN`. A token comes from `hazri-server token new --scope pull` (or `fleet`, or
  `register`); it opens what its scope names, no more, and it never belongs in an address.
* Times are RFC 3339 or, where a name ends in `_ms`, milliseconds since 1970 UTC.
* An error is `{"error": …}` with the status that fits: 401 no token, 403 not among what you may do, 404 not here or
  not yours to see, 422 a value that is wrong, 429 too often, 503 come back later (`Retry-After` says when).
* What begins with `/api/v1` keeps its meaning; fields may be added.

"""


def document() -> str:
    """The OpenAPI document as a file."""
    return json.dumps(openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def reference() -> str:
    """The page: endpoints by their first word, then the shapes of what they answer."""
    spec = openapi()
    who = {(row.method, row.path): row for row in matrix.rows(ROUTERS)}
    groups: dict[str, list[str]] = {}
    for path, methods in spec["paths"].items():
        word = path.removeprefix("/api/v1/").split("/")[0]
        for method, operation in methods.items():
            groups.setdefault(word, []).append(_operation(method.upper(), path, operation, who))
    body = "".join(f"## {word}\n\n" + "\n".join(parts) + "\n" for word, parts in sorted(groups.items()))
    shapes = "".join(_shape(name, one) for name, one in sorted(spec["components"]["schemas"].items()))
    return HEAD + body + "## Shapes\n\n" + shapes


def _operation(method: str, path: str, operation: Json, who: dict[tuple[str, str], matrix.Row]) -> str:
    row = who[method, path]
    roles = ", ".join(sorted(role.value for role in row.roles)) or "everybody"
    lines = [f"### {method} {path}", "", operation.get("summary", "") + ".", ""]
    if operation.get("description"):
        lines += [" ".join(operation["description"].split()), ""]
    lines += [f"*Who:* {roles} ({row.what}).", ""]
    asked = [one for one in operation.get("parameters", []) if one["in"] in {"query", "path"}]
    if asked:
        lines += ["| ask | kind | default | meaning |", "|---|---|---|---|", *map(_parameter, asked), ""]
    if body := operation.get("requestBody"):
        kinds = (f"`{kind}` {_kind(one['schema'])}" for kind, one in body["content"].items())
        lines += ["*Takes:* " + ", ".join(kinds) + ".", ""]
    answers = [_answer(status, one) for status, one in operation["responses"].items() if status[0] == "2"]
    return "\n".join([*lines, "*Answers:* " + "; ".join(answers) + ".", ""])


def _parameter(one: Json) -> str:
    schema = one["schema"]
    default = "" if schema.get("default") in (None, "") else f"`{schema['default']}`"
    must = "" if not one.get("required") else " (must be given)"
    return f"| `{one['name']}` | {_kind(schema)}{must} | {default} | {_cell(one.get('description', ''))} |"


def _answer(status: str, one: Json) -> str:
    kinds = [
        f"`{kind}`" + (f" {shape}" if (shape := _kind(body.get("schema", {}))) else "")
        for kind, body in one.get("content", {}).items()
    ]
    return f"{status} " + (", ".join(kinds) or "as its description says")


def _shape(name: str, schema: Json) -> str:
    lines = [f"### {name}", ""]
    if schema.get("description"):
        lines += [" ".join(schema["description"].split()), ""]
    fields = schema.get("properties", {})
    must = set(schema.get("required", []))
    if fields:
        lines += ["| field | kind | meaning |", "|---|---|---|"]
        for field, one in fields.items():
            about = _cell(one.get("description", "")) + ("" if field in must else " *(may be missing)*")
            lines.append(f"| `{field}` | {_kind(one)} | {about.strip()} |")
    else:
        lines.append(_kind(schema))
    return "\n".join([*lines, "", ""])


def _kind(schema: Json) -> str:
    """In a few words what a value is; a shape of ours as a link."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    kind = schema.get("type", "")
    if "prefixItems" in schema:
        return "list of " + ", then ".join(_kind(one) for one in schema["prefixItems"])
    if kind == "array":
        return f"list of {_kind(schema.get('items', {})) or 'anything'}"
    bounds = [f"{words} {schema[key]}" for key, words in _BOUNDS.items() if key in schema]
    return re.sub(" +", " ", f"{schema.get('format', '')} {kind} {', '.join(bounds)}").strip()


_BOUNDS = {"minimum": "from", "maximum": "to", "maxLength": "at most characters", "minLength": "at least characters"}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
