"""
Switch one rule off, or move one of its bounds, in the code that is loaded.

A rule is one of these statements, in a function at the top of a module, or in a method that is
asked for:

    raise InvalidBlock(Reason.X, ...)            raise InvalidBlock(Reason(...), ...) from ...
    raise GossipReject(Reason.X, ...)            raise GossipIgnore(Reason.X, ...)
    first.where(mask, Reason.X, ...)             first.at(row, Reason.X, ...)
    first.because(row, ...)

Switched off, it becomes `pass`. A bound is a comparison by `<`, `<=`, `>` or `>=` in the condition
of a rule; moved, `<` becomes `<=` and so on. A part is one operand of `|`, `&`, `or` or `and`
there; with `left` and `right` it alone is asked.
"""

import ast
import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, ModuleType

RAISED = {"InvalidBlock", "GossipReject", "GossipIgnore"}
NOTED = {"where", "at", "because"}
MOVED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}


@dataclass(frozen=True)
class Mutation:
    """One change of one function; `reason` is the word of the rule, empty where it has none."""

    module: ModuleType
    function: str
    line: int
    column: int
    kind: str
    reason: str
    owner: str = ""

    def __str__(self) -> str:
        name = f"{self.module.__name__.rpartition('.')[2]}.{self.function}"
        return f"{name}:{self.line}:{self.column}:{self.kind}:{self.reason or 'any'}"


def mutations(module: ModuleType, owner: str = "") -> list[Mutation]:
    """List every change of the rules of a module, or of a class of it."""
    found = []
    for function in functions(scope(parsed(module), owner)):
        for rule, condition in rules(function):
            word = reason_of(rule)

            def add(node: ast.AST, kind: str, name: str = function.name, word: str = word) -> None:
                at = (node.lineno, node.col_offset)
                found.append(Mutation(module, name, *at, kind, word, owner))

            add(rule, "off")
            for node in ast.walk(condition) if condition is not None else ():
                if isinstance(node, ast.Compare) and any(type(op) in MOVED for op in node.ops):
                    add(node, "bound")
                if is_joined(node):
                    add(node, "left")
                    add(node, "right")
    return found


def scope(tree: ast.Module, owner: str) -> ast.Module | ast.ClassDef:
    """Give the module, or one of its classes."""
    if not owner:
        return tree
    return next(one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == owner)


@contextmanager
def applied(mutation: Mutation) -> Iterator[None]:
    """Run with one change; the function's own object is changed, so every importer sees it."""
    tree = copy.deepcopy(parsed(mutation.module))
    changer = Changer(mutation)
    tree = ast.fix_missing_locations(changer.visit(tree))
    if changer.changed != 1:
        raise LookupError(f"{mutation}: {changer.changed} places")
    path = mutation.module.__file__ or "?"
    changed = code_of(compile(tree, path, "exec"), mutation.owner, mutation.function)
    owner = getattr(mutation.module, mutation.owner) if mutation.owner else mutation.module
    function = inspect.unwrap(getattr(owner, mutation.function))
    original = function.__code__
    function.__code__ = changed
    try:
        yield
    finally:
        function.__code__ = original


class Changer(ast.NodeTransformer):
    """Change the one node at a place."""

    def __init__(self, mutation: Mutation) -> None:
        self.mutation = mutation
        self.changed = 0

    def visit(self, node: ast.AST) -> ast.AST:
        one = self.mutation
        at = (getattr(node, "lineno", None), getattr(node, "col_offset", None))
        if at == (one.line, one.column) and not self.changed:
            new = self.change(node)
            if new is not node:
                self.changed += 1
                return new
        return self.generic_visit(node)

    def change(self, node: ast.AST) -> ast.AST:
        """Give the changed node, or the same one where it is not meant."""
        kind = self.mutation.kind
        if kind == "off" and isinstance(node, ast.stmt) and is_rule(node):
            return ast.copy_location(ast.Pass(), node)
        if kind == "bound" and isinstance(node, ast.Compare):
            node.ops = [MOVED.get(type(op), type(op))() for op in node.ops]
            return copy.copy(node)
        if kind in ("left", "right") and is_joined(node):
            return operands(node)[kind == "right"]
        return node


def parsed(module: ModuleType) -> ast.Module:
    """Parse a module's source."""
    return ast.parse(inspect.getsource(module))


def functions(tree: ast.Module | ast.ClassDef) -> list[ast.FunctionDef]:
    """List the functions at the top of a module, or the methods of a class."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def rules(function: ast.FunctionDef) -> Iterator[tuple[ast.stmt, ast.expr | None]]:
    """List the rules of a function with their conditions."""
    conditions: dict[ast.stmt, ast.expr] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.If):
            conditions.update(dict.fromkeys(node.body, node.test))
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and is_rule(node):
            call = node.value if isinstance(node, ast.Expr) else None
            is_mask = isinstance(call, ast.Call) and name_of(call) == "where"
            yield node, call.args[0] if is_mask else conditions.get(node)


def is_rule(node: ast.stmt) -> bool:
    """Tell whether a statement is one of the forms."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        return isinstance(node.exc.func, ast.Name) and node.exc.func.id in RAISED
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value.func
        is_noted = isinstance(call, ast.Attribute) and call.attr in NOTED
        return is_noted and isinstance(call.value, ast.Name) and call.value.id == "first"
    return False


def name_of(call: ast.Call) -> str:
    """Give the last name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def reason_of(rule: ast.stmt) -> str:
    """Give the word of a rule's reason."""
    for node in ast.walk(rule):
        of = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(of, ast.Name) and of.id == "Reason":
            return node.attr.lower()
    return ""


def is_joined(node: ast.AST) -> bool:
    """Tell whether a node joins two conditions."""
    if isinstance(node, ast.BoolOp):
        return True
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd)


def operands(node: ast.AST) -> tuple[ast.expr, ast.expr]:
    """Give the two sides of a joined condition."""
    if isinstance(node, ast.BoolOp):
        return node.values[0], node.values[-1]
    assert isinstance(node, ast.BinOp)
    return node.left, node.right


def code_of(module: CodeType, *names: str) -> CodeType:
    """Find a function's code in that of its module, or of its class."""
    found = module
    for name in filter(None, names):
        inner = [one for one in found.co_consts if isinstance(one, CodeType)]
        found = next((one for one in inner if one.co_name == name), module)
    if found is module:
        raise LookupError(names)
    return found
