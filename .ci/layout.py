#!/usr/bin/env python3
"""What the book keeps to: width, length, numbers, names, and imports that go downward.

One line a finding; exit status 1 if there is one.

usage: layout.py [--count]      --count: only how many findings of each kind
"""
import ast, json, re, subprocess, sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WIDTH, FUNCTION, MODULE = 120, 50, 400
EXPORT = re.compile(r'^#\| ?exports?\b', re.M)


def source(cell): return ''.join(cell['source'])


def notebooks():
    "Each with its cells, in the order of the numbers; the index comes last."
    return [(p, json.loads(p.read_text(encoding='utf-8'))['cells']) for p in sorted((ROOT/'nbs').glob('*.ipynb'))]


def letters(text): return re.sub(r'[^a-z0-9]', '', text.lower())


def names(book):
    "Numbers are whole, pages differ, and file, title and module tell one name."
    pages = Counter(letters(re.sub(r'^\d+_', '', p.stem)) for p, _ in book)
    numbers = Counter(p.stem[:2] for p, _ in book)
    for p, cells in book:
        number, _, page = p.stem.partition('_')
        if not re.fullmatch(r'\d\d', number): yield 'numbers', f'{p.name}: begin with two digits'
        if numbers[p.stem[:2]] > 1: yield 'numbers', f'{p.name}: another chapter has this number'
        if pages[letters(page)] > 1: yield 'names', f'{p.name}: another chapter has this name'
        title = re.match(r'# (.*)', source(cells[0]))
        if not title or letters(title[1]) != letters(page):
            yield 'names', f'{p.name}: its title is {title and title[1]!r}'
        module = next((m[1] for c in cells if (m := re.match(r'#\| ?default_exp (\w+)', source(c)))), None)
        if module and module != page: yield 'names', f'{p.name}: its module is {module}'


def ruff(rules, *where):
    "What ruff finds, a line each."
    options = ['--isolated', '--no-cache', '--line-length', str(WIDTH), '--exclude', '_modidx.py']
    done = subprocess.run(['ruff', 'check', *options, '--select', rules, '--output-format', 'concise', *where],
                          cwd=ROOT, capture_output=True, text=True)
    if done.returncode not in (0, 1): sys.exit(done.stderr)
    return [line for line in done.stdout.splitlines() if re.search(r': [EF]\d{3} ', line)]


def lines():
    "Lines of code in cells, exported or not (ruff passes over URLs); imports that nothing uses, unknown names."
    yield from (('width', line) for line in ruff('E501', 'nbs', '.ci', 'website'))
    yield from (('imports', line) for line in ruff('F401,F811,F821', 'mnist_diffusion'))


def lengths(): # lines as they stand, comments and docstrings too
    for p in sorted((ROOT/'mnist_diffusion').glob('*.py')):
        if p.name == '_modidx.py': continue
        text = p.read_text(encoding='utf-8')
        if (n := len(text.splitlines())) > MODULE: yield 'modules', f'{p.name} has {n} lines'
        for f in ast.walk(ast.parse(text)):
            if isinstance(f, ast.FunctionDef) and (n := f.end_lineno - f.lineno + 1) > FUNCTION:
                yield 'functions', f'{p.name}: {f.name} has {n} lines'


def outputs(book):
    "What one machine or one run has left in an output."
    for p, cells in book:
        for k, c in enumerate(cells):
            for o in c.get('outputs', []):
                text = ''.join(o.get('text') or o.get('data', {}).get('text/plain', ''))
                if o.get('name') == 'stderr': yield 'outputs', f'{p.name}:cell {k}: a warning'
                if '%|' in text: yield 'outputs', f'{p.name}:cell {k}: a progress bar'
                if m := re.search(r'(?<![\w./~])/(tmp|home|root|Users|var)/[\w.-]+', text):
                    yield 'outputs', f'{p.name}:cell {k}: a path of one machine, {m[0]}'


def downward(book):
    "An exported cell imports from chapters above it only, and no private names."
    place = {p.stem.partition('_')[2]: k for k, (p, _) in enumerate(book)}
    for k, (p, cells) in enumerate(book):
        for c in cells:
            if c['cell_type'] != 'code' or not EXPORT.search(source(c)): continue
            for module, what in re.findall(r'from mnist_diffusion\.(\w+) import ([\w, ]+)', source(c)):
                if place.get(module, -1) > k: yield 'downward', f'{p.name} imports {module}, a later chapter'
                if private := [w for w in re.split(r', *', what) if re.match('_[^_]', w)]:
                    yield 'private', f'{p.name} imports {", ".join(private)}'


def headings(book):
    "nbdev heads each exported symbol itself; a heading of the same name above it stands there twice."
    for p, cells in book:
        for above, c in zip(cells, cells[1:]):
            if above['cell_type'] != 'markdown' or c['cell_type'] != 'code' or not EXPORT.search(source(c)): continue
            defined = re.findall(r'^(?:def|class) (\w+)', source(c), re.M)
            for title in re.findall(r'^#{2,4} (.*)$', source(above), re.M)[-1:]:
                if title.strip('` ') in defined: yield 'headings', f'{p.name}: {title} is headed twice'


def links(book):
    "Chapters that are spoken of in prose are linked, to where they are."
    for p, cells in book:
        for c in cells:
            if c['cell_type'] != 'markdown': continue
            for m in re.findall(r'(?<!\[)\b[Cc]hapters? \d\d\b', source(c)): yield 'links', f'{p.name}: {m} is no link'
            for label, to in re.findall(r'\[([^\]\[]*)\]\(([\w-]+\.ipynb)', source(c)):
                if not (p.parent/to).exists(): yield 'links', f'{p.name}: {to} does not exist'
                if (n := re.findall(r'\b\d\d\b', label)) and n[0] != to[:2]: yield 'links', f'{p.name}: {label} is {to}'


def comments(book):
    "nbdev writes a link for the name of a symbol in backticks; in a signature's comment it stays as it is written."
    package = (ROOT/'mnist_diffusion').glob('*.py')
    symbols = set(re.findall(r"'(\w+)'", ' '.join(re.findall(r'__all__ = \[(.*?)\]', ' '.join(
        p.read_text(encoding='utf-8') for p in package if p.name != '_modidx.py'), re.S))))
    for p, cells in book:
        for c in cells:
            if c['cell_type'] != 'code' or not EXPORT.search(source(c)): continue
            for comment in re.findall(r'^ +\S.*?(#(?!\|).*)$|^\)->.*?(#.*)$', source(c), re.M):
                linked = set(re.findall(r'`(\w+)', ''.join(comment))) & symbols
                yield from (('comments', f'{p.name}: `{name}` in the comment of a parameter') for name in linked)


def main():
    *book, index = notebooks()
    parts = (names(book), lines(), lengths(), downward(book), outputs([*book, index]), headings(book),
             links([*book, index]), comments(book))
    findings = [f for part in parts for f in part]
    if '--count' in sys.argv: print(dict(Counter(kind for kind, _ in findings)))
    else: print('\n'.join(f'{kind}: {what}' for kind, what in findings))
    sys.exit(bool(findings))


if __name__ == '__main__': main()
