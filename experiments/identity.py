"""record -> a short digest of the fields that differ from their defaults.

So a new field with a default renames nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

__all__ = ["differing", "digest"]

DIGEST_DIGITS = 10


def digest(record: Any) -> str:
    """Makes ten digits of the SHA-256 of what `differing` says of a frozen record.

    Equal records have the same. So a default is for ever: who needs another one adds a field, and
    says it where it differs.
    """
    text = json.dumps(differing(record), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_DIGITS]


def differing(record: Any) -> dict[str, Any]:
    """Gives field -> value, as plain data, of the fields that do not hold their defaults.

    Records inside are treated likewise.
    """
    values = {field.name: (getattr(record, field.name), field) for field in fields(record)}
    return {
        name: _plain(value) for name, (value, field) in values.items() if value != _default(field)
    }


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return differing(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    # 1.0 is 1, and written alike
    return int(value) if isinstance(value, float) and value.is_integer() else value
