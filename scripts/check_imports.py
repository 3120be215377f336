"""Print the import graph of a package: levels, cycles, and imports that violate the order of its parts.

Usage: python scripts/check_imports.py [FOLDER]     (default: dropout_lab; its order is MAY_IMPORT in
                                                    tests/test_structure.py)

Imports inside functions and under TYPE_CHECKING are included. A part is a package or a module directly below FOLDER.
The exit status is 1 if the graph has a cycle or an import that violates the order.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import networkx as nx  # torch depends on it

PROJECT = Path(__file__).resolve().parent.parent


def name_of(path: Path, package: Path) -> str:
    """Return the dotted name of a module from its file."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, package: Path) -> Iterator[tuple[str, int]]:
    """Yield the names that a file imports, with their lines; for ``from a import b``, the name is ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = list(path.relative_to(package.parent).parts[: -node.level]) if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def graph_of(package: Path) -> nx.DiGraph:
    """Return the graph of a package's modules, with an edge to each imported module and the line of the import.

    The __init__ and __main__ of the package itself may import anything and are not part of the graph.
    """
    files = [path for path in sorted(package.rglob("*.py")) if path.parent != package or "__" not in path.name]
    paths = {name_of(path, package): path for path in files}
    graph = nx.DiGraph()
    graph.add_nodes_from(paths)
    for name, path in paths.items():
        for target, line in imports_of(path, package):
            # ``from a import b`` imports the module a.b, or a name in module a.
            known = target if target in paths else target.rpartition(".")[0]
            if known in paths and known != name:
                graph.add_edge(name, known, line=line)
    return graph


def parts_of(graph: nx.DiGraph) -> nx.DiGraph:
    """Return the graph of the parts."""
    parts = nx.DiGraph()
    parts.add_nodes_from(name.split(".")[1] for name in graph)
    edges = ((a.split(".")[1], b.split(".")[1]) for a, b in graph.edges)
    parts.add_edges_from((a, b) for a, b in edges if a != b)
    return parts


def levels_of(graph: nx.DiGraph) -> list[list[str]]:
    """Return the nodes by level; each node imports only from lower levels, or from its own cycle."""
    groups = nx.condensation(graph)
    generations = list(nx.topological_generations(groups.reverse()))
    return [sorted(name for group in level for name in groups.nodes[group]["members"]) for level in generations]


def cycles_of(graph: nx.DiGraph) -> list[list[str]]:
    """Return the groups of nodes that import each other."""
    return sorted(sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1)


def order_of_project() -> Mapping[str, set[str]]:
    """Return the parts that each part may import, as defined in tests/test_structure.py."""
    spec = spec_from_file_location("structure", PROJECT / "tests" / "test_structure.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    order: Mapping[str, set[str]] = module.MAY_IMPORT
    return order


def upward(graph: nx.DiGraph, order: Mapping[str, set[str]]) -> list[str]:
    """Return the imports that violate the order of the parts."""
    found = []
    for name, target, line in graph.edges(data="line"):
        part, other = name.split(".")[1], target.split(".")[1]
        if part in order and other not in {part, *order[part]}:
            found.append(f"{name}:{line} imports {target}")
    return found


def main() -> int:
    """Print the report."""
    package = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "dropout_lab"
    graph = graph_of(package.resolve())
    parts = parts_of(graph)
    against = upward(graph, order_of_project()) if len(sys.argv) < 2 else []
    lines = [f"level {i}: {' '.join(level)}" for i, level in enumerate(levels_of(parts))]
    cycles = [" ".join(cycle) for cycle in (*cycles_of(parts), *cycles_of(graph))]
    lines += [f"cycle: {cycle}" for cycle in cycles] + [f"against the order: {line}" for line in against]
    lines.append(f"{len(graph)} modules, {graph.number_of_edges()} imports, {len(cycles)} cycles")
    print("\n".join(lines))  # noqa: T201
    return int(bool(cycles or against))


if __name__ == "__main__":
    sys.exit(main())
