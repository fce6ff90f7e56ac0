"""Runs a program and writes down when its objects die and how often they are referenced: `references.py LOG PROGRAM ARGS`.

The program is changed before it is compiled, lines stay as they are:

* instances of its classes report their death, by a `__del__` that is added or put before the class's own, with the frames
  above which they die;
* each function reports the reference counts of its arguments at its start, and of those and of what its body assigned for
  sure before each `return`; but not decorated functions and those that CPython calls by itself (`__add__`), which get their
  arguments lent or owned, as its own specialization goes;
* the module reports the counts of its globals after each of its statements;
* at the end, after a collection, all that lives on of the program's code is reported: functions, code objects, their constants.

Tracing could not do this: CPython's evaluator runs what is traced.
"""

import ast
import gc
import os
import sys

LINES = 100_000
COLD = 20
SELF = __file__
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Log:
    def __init__(self, path):
        # Unbuffered: what dies last dies when the interpreter ends.
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self.process = os.getpid()
        self.lines = 0
        self.seen = {}

    def counts(self, where, *each):
        # CPython itself counts otherwise before it has specialized a call.
        self.seen[where] = seen = self.seen.get(where, 0) + 1
        if seen <= COLD:
            return
        # Numbers are boxed when somebody looks: how many refer to one box is not promised.
        triples = zip(each[::3], each[1::3], each[2::3], strict=True)
        self.write(where, *(f"{name}={n}" for name, n, ty in triples if ty not in (int, float)))

    def write(self, *words, put=os.write, getpid=os.getpid):
        self.lines += 1
        # Forked children share the file.
        if self.lines <= LINES and getpid() == self.process:
            put(self.file, " ".join([*words, "\n"]).encode(errors="backslashreplace"))


def call(name, *args):
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def report(what, node, names):
    """A statement, on the node's line, that writes the counts of these variables."""
    where = ast.Constant(f"{what} line {node.lineno}")
    each = (
        part
        for name in names
        for part in (
            ast.Constant(name),
            call("__references__", ast.Name(name, ast.Load())),
            call("__type__", ast.Name(name, ast.Load())),
        )
    )
    statement = ast.Expr(call("__log__", where, *each))
    return ast.fix_missing_locations(ast.copy_location(statement, node))


def arguments(function):
    a = function.args
    every = [*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg]
    return [arg.arg for arg in every if arg is not None]


def not_sure(function):
    """Variables of a function that may be unbound although they were bound, or are no locals."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
            names.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            names.update(node.names)
    return names


class Changed(ast.NodeTransformer):
    def visit_ClassDef(self, node):
        self.generic_visit(node)
        node.decorator_list.append(ast.copy_location(ast.Name("__watched__", ast.Load()), node))
        return node

    def function(self, node):
        node.body = [self.visit(statement) for statement in node.body]
        if node.decorator_list or node.name.startswith("__") and node.name != "__init__":
            return node
        without = not_sure(node)
        names = [name for name in arguments(node) if name not in without]
        start = 1 if ast.get_docstring(node, clean=False) is not None else 0
        body = node.body[:start] + [
            report(f"{node.name} starts,", node.body[start] if node.body[start:] else node, names)
        ]
        for statement in node.body[start:]:
            new = Returns(node.name, list(names)).visit(statement)
            body += new if isinstance(new, list) else [new]
            if isinstance(statement, ast.Assign):
                targets = [
                    target.id for target in statement.targets if isinstance(target, ast.Name)
                ]
                names += [name for name in targets if name not in without and name not in names]
        node.body = body
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = function


class Returns(ast.NodeTransformer):
    """Puts a report before each `return` of one function."""

    def __init__(self, name, names):
        self.name, self.names = name, names

    def visit_Return(self, node):
        return [report(f"{self.name} returns,", node, self.names), node]

    def stay_out(self, node):
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = stay_out


def changed(text, path):
    module = Changed().visit(ast.parse(text, path))
    body = []
    for statement in module.body:
        body.append(statement)
        if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            after = ast.copy_location(ast.Expr(call("__after__")), statement)
            # The last line, where the statement ended.
            after.lineno = after.end_lineno = statement.end_lineno
            body.append(ast.fix_missing_locations(after))
    module.body = body if ast.get_docstring(module) is None else [module.body[0], *body[1:]]
    return compile(module, path, "exec", dont_inherit=True)


def frames(frame):
    """The frames in which an object dies, but for those of this file."""
    names = []
    while frame is not None and len(names) < 4:
        if frame.f_code.co_filename != SELF:
            names.append(f"{frame.f_code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(names)


def watch(log):
    def watched(cls):
        own = getattr(cls, "__del__", None)

        def __del__(self):
            if "__del__" not in cls.__dict__ or type(self) is cls:
                log.write("dies:", type(self).__qualname__, "in", frames(sys._getframe()))
            if own is not None:
                own(self)

        if own is None or "__del__" in cls.__dict__:
            try:
                cls.__del__ = __del__
            except (AttributeError, TypeError):
                # Its metaclass does not let it.
                pass
        return cls

    return watched


def code_counts(path):
    """The counts of the functions and code objects of this file that are alive, and of their constants, by name."""
    gc.collect()
    functions = [
        f for f in gc.get_objects() if type(f) is type(main) and f.__code__.co_filename == path
    ]
    counts, todo = {}, []
    while functions:
        f = functions.pop()
        counts.setdefault(f"{f.__qualname__} function", []).append(sys.getrefcount(f))
        todo.append(f.__code__)
    done = set()
    while todo:
        code = todo.pop()
        if id(code) in done:
            continue
        done.add(id(code))
        for n, constant in enumerate(code.co_consts):
            # Strings are shared with everybody.
            if type(constant) not in (str, int, float, bytes, type(None), bool, type(...)):
                name = f"{code.co_qualname} constant {n}"
                counts.setdefault(name, []).append(sys.getrefcount(constant))
            if type(constant) is type(code):
                todo.append(constant)
    return [f"{name}={sorted(each)}" for name, each in sorted(counts.items())]


def main():
    # When it collects goes by the number of allocations, which nobody promises.
    gc.disable()
    log, path = Log(sys.argv[1]), sys.argv[2]
    sys.argv = sys.argv[2:]
    main_module = type(sys)("__main__")
    namespace = main_module.__dict__
    skipped = {"__log__", "__references__", "__type__", "__watched__", "__after__", "__builtins__"}

    def after():
        counted = [
            f"{name}={sys.getrefcount(value)}"
            for name, value in namespace.items()
            if name not in skipped and not isinstance(value, (int, float, type, type(sys)))
        ]
        log.write("module:", *counted)

    namespace.update(
        __file__=path,
        __log__=log.counts,
        __references__=sys.getrefcount,
        __type__=type,
        __watched__=watch(log),
        __after__=after,
    )
    sys.modules["__main__"] = main_module
    with open(path, encoding="utf-8") as file:
        code = changed(file.read(), path)
    try:
        exec(code, namespace)
    finally:
        for line in code_counts(path):
            log.write("kept:", line)
        log.write("end")


main()
