"""The models that can be asked: ``models.toml``, and what the operator's file adds and overrides."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import Code, Refused
from .asking import Need, Tier
from .port import NAMES, Name
from .prices import Price

OWN = Path(__file__).with_name("models.toml")
LARGEST = 1024 * 1024
Usd = Annotated[Decimal, Field(ge=0, le=100_000)]


class _Price(BaseModel):
    model_config = ConfigDict(extra="forbid")
    input: Usd
    output: Usd
    cache_read: Usd | None = None
    cache_write: Usd | None = None


class Model(BaseModel):
    """A model as the file describes it; ``name`` is ``provider/id``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    provider: Name
    id: Annotated[str, Field(min_length=1, max_length=200)]
    tier: Tier
    can: frozenset[Need]
    context: Annotated[int, Field(gt=0)]
    max_output: Annotated[int, Field(gt=0)]
    schema_with_tools: bool = True
    family: str = ""
    off: bool = False
    price: _Price | None = None

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.id}"

    @property
    def maker(self) -> str:
        """Whose model it is: judges don't judge their own maker's."""
        return self.family or self.provider

    @property
    def override(self) -> Price | None:
        given = self.price
        return None if given is None else Price(given.input, given.output, given.cache_read, given.cache_write)


def load(more: Path | None) -> dict[str, Model]:
    """All models that are not off, by name, in the files' order.

    Args:
        more: the operator's file (LLM_MODELS_FILE).

    Raises:
        Refused: NOT_CONFIGURED, naming the model and the field, when that file can't be used.
    """
    tables = _read(OWN)
    for provider, models in ({} if more is None else _read(more)).items():
        for model, fields in models.items():
            own = tables.setdefault(provider, {})
            own[model] = {**own.get(model, {}), **fields}
    found = [_model(provider, model, fields) for provider, models in tables.items() for model, fields in models.items()]
    return {model.name: model for model in found if not model.off}


def _read(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    import tomllib  # no host waits for it to see the tools

    try:
        text = path.read_text("utf-8") if path.stat().st_size <= LARGEST else None
    except (OSError, UnicodeDecodeError):
        raise _refused(f"LLM_MODELS_FILE ({path.name}) can't be read.") from None
    if text is None:
        raise _refused(f"LLM_MODELS_FILE ({path.name}) is larger than 1 MiB.")
    try:
        tables = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _refused(f"LLM_MODELS_FILE ({path.name}) is no TOML: {error}.") from None
    for provider, models in tables.items():
        if provider not in NAMES:
            raise _refused(f"LLM_MODELS_FILE names the provider {provider[:40]!r}; there are {', '.join(NAMES)}.")
        if not _is_table(models) or not all(_is_table(one) for one in models.values()):
            raise _refused(f'LLM_MODELS_FILE: under {provider} each model is a table, [{provider}."its-id"].')
    return tables


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _model(provider: str, name: str, fields: Mapping[str, Any]) -> Model:
    try:
        return Model.model_validate({**fields, "provider": provider, "id": name})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"LLM_MODELS_FILE: {provider}/{name}: {place}: {first['msg']}."
        raise _refused(message) from None


def _refused(message: str) -> Refused:
    return Refused(Code.NOT_CONFIGURED, message, "Correct the file; docs/models.md shows its form.")
