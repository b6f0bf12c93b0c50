"""The one way in which Jinja2 renders: the project's own templates, and those that anybody may have written."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import bad_input

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment
    from jinja2.bccache import Bucket

FOLDER = Path(__file__).parents[3] / "templates"


def render(name: str, **values: Any) -> str:
    """One of the project's own templates, by its path below `templates/`."""
    return environment().get_template(name).render(**values)


def render_text(text: str, name: str, **values: Any) -> str:
    """A template that somebody else wrote. Raises UserError (bad input) with its line when it cannot be rendered."""
    from jinja2 import TemplateError

    try:
        return environment().from_string(text).render(**values)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or 1
        raise bad_input(f"{name}:{line}: the template fails: {error}", "correct the template") from None
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise bad_input(f"{name}: the template fails: {error}", "correct the template") from None


def environment(folder: Path = FOLDER, *, ours: bool = False) -> Environment:
    """For the templates of a folder; undefined names are errors.

    Sandboxed, because a project's blueprints are templates from anyone, unless all of them are `ours`: it costs time.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = (Environment if ours else ImmutableSandboxedEnvironment)(
        loader=FileSystemLoader(folder),
        bytecode_cache=_compiled(folder) if ours else None,
        # What is kept must not hold what a filter has made of a constant: filters change without the template.
        optimized=not ours,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(slug=slug, snake=snake, pascal=pascal, plural=plural)
    return made


def _compiled(folder: Path) -> BytecodeCache | None:
    """Compiled templates, kept where Python keeps its compiled modules; None where it keeps none."""
    from jinja2 import FileSystemBytecodeCache

    class Cache(FileSystemBytecodeCache):
        def dump_bytecode(self, bucket: Bucket) -> None:
            # A full disk or a plugin that cannot be written to must not keep a brief from being rendered.
            with suppress(OSError):
                super().dump_bytecode(bucket)

    if sys.dont_write_bytecode:
        return None
    place = Path(cache_from_source(str(folder / "template.py"))).parent
    with suppress(OSError):
        place.mkdir(parents=True, exist_ok=True)
    return Cache(str(place)) if place.is_dir() else None


def slug(text: str) -> str:
    """`User Auth!` is `user-auth`; a text without letters or digits is `x`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", str(text))
    return re.sub(r"[^a-z0-9]+", "-", spaced.casefold()).strip("-")[:60].strip("-") or "x"


def snake(text: str) -> str:
    return slug(text).replace("-", "_")


def pascal(text: str) -> str:
    return "".join(word.capitalize() for word in slug(text).split("-"))


def plural(text: str) -> str:
    """A good enough English plural, for names of routes and tables."""
    if re.search(r"[^aeiou]y\Z", text):
        return text[:-1] + "ies"
    return text + ("es" if re.search(r"(?:s|x|z|ch|sh)\Z", text) else "s")
