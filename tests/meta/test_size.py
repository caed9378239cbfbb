"""scripts/size.py sees what must not be on a device: recursion, frames without bound, pointers to who knows where."""

import importlib.util
import tomllib

import pytest

import lint

SPEC = importlib.util.spec_from_file_location("size", lint.ROOT / "scripts" / "size.py")
size = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(size)

ROW = size.Row("row", "boot", "", ())


class NoCode:
    """A program whose functions all come with a call graph."""

    def __init__(self, elf):
        self.bodies = {}


@pytest.fixture
def stack(tmp_path, monkeypatch):
    """measure_stack() of a program with this call graph, of which every function is linked."""
    monkeypatch.setattr(size, "ROOT", tmp_path)
    monkeypatch.setattr(size, "Disassembly", NoCode)
    monkeypatch.setattr(size, "linked_functions", lambda stem: {("", name) for name in "abcd"})
    (tmp_path / "x.c").write_text("    a = thing->hook(1);\n    tries[one(2)](3);\n};\nint (*tries[])(int) = {\n  b, c,\n};\n")

    def measure(nodes, edges, calls=None):
        text = "".join(f'node: {{ title: "{name}" label: "{name}\\nx.c:1:1\\n{frame}" }}\n' for name, frame in nodes.items())
        for source, target, place in edges:
            label = f' label: "{tmp_path}/{place}"' if place else ""
            text += f'edge: {{ sourcename: "{source}" targetname: "{target}"{label} }}\n'
        (tmp_path / "row.ci").write_text(text)
        return size.measure_stack(tmp_path / "row", ROW, "cpu", {"calls": calls or {}})

    return measure


def test_the_deepest_path_is_found(stack):
    nodes = {"main": "8 bytes (static)", "a": "100 bytes (static)", "b": "16 bytes (static)", "c": "90 bytes (static)"}
    edges = [("main", "a", ""), ("main", "b", ""), ("b", "c", "")]
    assert stack(nodes, edges) == (114, (("main", 8), ("b", 16), ("c", 90)))


def test_a_function_that_nobody_is_known_to_call_is_refused(stack):
    with pytest.raises(size.Wrong, match="called by nobody that is known: d"):
        stack(dict.fromkeys(["main", "a", "d"], "8 bytes (static)"), [("main", "a", "")])


def test_recursion_is_refused(stack):
    with pytest.raises(size.Wrong, match="recursion: main -> a -> b -> a"):
        stack(dict.fromkeys(["main", "a", "b"], "8 bytes (static)"), [("main", "a", ""), ("a", "b", ""), ("b", "a", "")])


def test_a_frame_without_bound_is_refused(stack):
    with pytest.raises(size.Wrong, match="main: the size of its frame"):
        stack({"main": "8 bytes (dynamic)"}, [])


def test_a_pointer_needs_someone_behind_it(stack):
    nodes = {"main": "8 bytes (static)", "a": "50 bytes (static)"}
    edges = [("main", "__indirect_call", "x.c:1:9")]
    with pytest.raises(size.Wrong, match='who is called through "hook"'):
        stack(nodes, edges)
    assert stack(nodes, edges, {"hook": ["a"]})[0] == 58


def test_a_table_says_itself_who_is_in_it(stack, tmp_path, monkeypatch):
    monkeypatch.setattr(size, "linked_functions", lambda stem: {("x.c", "b"), ("x.c", "c")})
    nodes = {"main": "8 bytes (static)"} | {f"{tmp_path}/x.c:{name}": f"{frame} bytes (static)" for name, frame in (("b", 4), ("c", 6))}
    assert stack(nodes, [("main", "__indirect_call", "x.c:2:5")])[0] == 14


def test_every_program_has_a_limit_of_its_own_kind():
    """No gate stands for two kinds of signature, nor for programs with and without encrypted images."""
    data = tomllib.loads((lint.ROOT / "scripts" / "size.toml").read_text(encoding="utf-8"))
    kinds = {}
    for row in size.rows_of(data):
        budget = size.budget_of(row, data)
        assert budget is not None and {"flash", "ram", "stack"} <= budget["limit"].keys(), row.name
        if row.name.startswith("boot, "):
            kinds.setdefault(budget["of"], set()).add(tuple(row.name.split(", ")[2:]))
    assert [of for of, shared in kinds.items() if len(shared) > 1] == []
