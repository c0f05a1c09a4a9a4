"""Takes a set of rules from a directory: as a whole, checked, or not at all."""

from pathlib import Path

from policies import examples
from policies.engine import PolicyEngine
from policies.problems import Fault, PolicyProblem, problem
from policies.rules import LoadedPolicies, compile_rules

LIBRARY = Path(__file__).parent / "library"
SCHEMA = "schema.cedarschema"


def load(directory: Path | None) -> LoadedPolicies:
    """Return the set in `directory`, or the shipped library for `None`. Raises `PolicyProblem`.

    The directory replaces the library. It holds `*.cedar` files, taken in the order of their names, and
    `examples.toml`; other files and folders in it are left alone.
    """
    source = directory or LIBRARY
    texts = {path.name: _text(path) for path in _files(source)}
    policies = compile_rules(texts, _schema(source))
    faults = examples.check(PolicyEngine(policies), policies.rules, examples.read(_text(source / examples.FILE)))
    if faults:
        raise PolicyProblem(faults)
    return policies


def _files(source: Path) -> list[Path]:
    """List the rule files; a directory without rules, or without examples, is a mistake and not a wish."""
    try:
        names = sorted(path.name for path in source.iterdir())
    except OSError as error:
        raise PolicyProblem([problem(Fault.DIRECTORY, path=source, why=error.strerror)]) from None
    rules = [source / name for name in names if name.endswith(".cedar")]
    missing = [] if rules else [problem(Fault.NO_RULES, path=source)]
    if examples.FILE not in names:
        missing.append(problem(Fault.NO_EXAMPLES, path=source))
    if missing:
        raise PolicyProblem(missing)
    return rules


def _schema(source: Path) -> str:
    """Return the shipped schema. A copy beside the rules is fine as long as it says the same."""
    shipped, copy = _text(LIBRARY / SCHEMA), source / SCHEMA
    if copy.exists() and _text(copy) != shipped:
        raise PolicyProblem([problem(Fault.FOREIGN_SCHEMA, path=copy)])
    return shipped


def _text(path: Path) -> str:
    """Read UTF-8, with or without the mark some editors put in front."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PolicyProblem([problem(Fault.UNREADABLE, file=path.name, why=error.strerror)]) from None
    except UnicodeDecodeError:
        raise PolicyProblem([problem(Fault.UNREADABLE, file=path.name, why="it is not UTF-8 text")]) from None
