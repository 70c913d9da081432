"""What the package defines, read from its generated modules without importing them."""
import ast, re
from collections import namedtuple
from configparser import ConfigParser
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = 'mnist_diffusion'
CALLS = '__call__', '__iter__', '__getitem__', '__len__'

Symbol = namedtuple('Symbol', 'module name kind signature doc line last public')


@cache
def settings_ini():
    parser = ConfigParser(delimiters=['='])
    parser.read(ROOT/'settings.ini', encoding='utf-8')
    return parser['DEFAULT']


def repository(path=''): return f"{settings_ini()['git_url']}/blob/{settings_ini()['branch']}/{path}"


def page_of(module): return f'{module}.html'


def anchor(symbol):
    "Its place on its page; a function beside a class that differs only in its capitals has another."
    names = [n.lower() for n in symbols()[symbol.module]]
    twin = symbol.kind == 'function' and names.count(symbol.name.lower()) > 1
    return symbol.name.lower() + ('-function' if twin else '')


def slug(text):
    "The identifier that Pandoc gives a heading."
    text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', text)
    text = re.sub(r'[*`\\]|</?\w+[^>]*>', '', text).strip().lower()
    return re.sub(r'^[^a-z]+', '', re.sub(r'[^\w\s.-]', '', text).replace('\u00a0', ' ').replace(' ', '-')) or 'section'


def signature(f):
    "Arguments without annotations and comments, as a reader calls it."
    args = [a.arg for a in [*f.args.posonlyargs, *f.args.args]]
    values = ['']*(len(args) - len(f.args.defaults)) + ['=' + ast.unparse(d) for d in f.args.defaults]
    given = [a + v for a, v in zip(args, values) if a not in ('self', 'cls')]
    given += [f'*{f.args.vararg.arg}'] if f.args.vararg else ['*'] if f.args.kwonlyargs else []
    given += [a.arg + (f'={ast.unparse(d)}' if d else '') for a, d in zip(f.args.kwonlyargs, f.args.kw_defaults)]
    return f"({', '.join(given + ([f'**{f.args.kwarg.arg}'] if f.args.kwarg else []))})"


def patched(f):
    "The names of the classes that `@patch` gives this function to."
    called = [ast.unparse(d).partition('(') for d in f.decorator_list]
    if not any(name == 'patch' for name, *_ in called): return []
    return re.findall(r'\w+', ast.unparse(f.args.args[0].annotation))


def parsed(path):
    tree, module = ast.parse(path.read_text(encoding='utf-8')), path.stem
    shown = {n for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '__all__'
             for n in ast.literal_eval(node.value)}
    def entry(node, name, kind, public):
        init = node
        if kind == 'class':
            init = next((m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == '__init__'), None)
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        doc = (ast.get_docstring(node) or '').partition('\n')[0]
        return Symbol(module, name, kind, signature(init) if init else '()', doc, first, node.end_lineno, public)
    def told(m): return not m.name.startswith('_') or m.name in CALLS and bool(ast.get_docstring(m))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield entry(node, node.name, 'class', node.name in shown)
            for m in node.body:
                if isinstance(m, ast.FunctionDef):
                    yield entry(m, f'{node.name}.{m.name}', 'method', node.name in shown and told(m))
        elif isinstance(node, ast.FunctionDef):
            classes = patched(node)
            for c in classes: yield entry(node, f'{c}.{node.name}', 'method', told(node))
            if not classes: yield entry(node, node.name, 'function', node.name in shown)


@cache
def symbols():
    "{module: {name: Symbol}}, in the order of the chapters."
    paths = {p.stem: p for p in (ROOT/PACKAGE).glob('[a-z]*.py')}
    chapters = [p.stem.partition('_')[2] for p in sorted((ROOT/'nbs').glob('[0-9]*.ipynb'))]
    return {m: {s.name: s for s in parsed(paths[m])} for m in chapters if m in paths}


@cache
def settings():
    "{name: (default, meaning)} of the fields of Config."
    tree = ast.parse((ROOT/PACKAGE/'config.py').read_text(encoding='utf-8'))
    config = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == 'Config')
    def meaning(call):
        said = [k.value for k in call.keywords if k.arg == 'help'] + call.args[1:]
        return ast.unparse(call.args[0]), ast.literal_eval(said[0])
    return {n.target.id: meaning(n.value) for n in config.body
            if isinstance(n, ast.AnnAssign) and isinstance(n.value, ast.Call)}
