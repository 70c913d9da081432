#!/usr/bin/env python3
"""What the pages get beyond nbdev's processing: numbers, links of symbols, entries of methods, an index of symbols.

Quarto runs it in _proc before it renders (`pre-render` in _quarto.yml); what is prepared already is left alone.

usage: prepare.py [FOLDER]      FOLDER: where nbdev put the processed notebooks; default: the working directory
"""
import json, re, sys
from functools import cache
from pathlib import Path
import yaml
from symbols import PACKAGE, ROOT, anchor, page_of, repository, settings, settings_ini, slug, symbols

NBS = ROOT/'nbs'
TEXTS = {'slurm/README.md': 'cluster.md', 'CONTRIBUTING.md': 'contributing.md', 'CHANGELOG.md': 'changes.md'}
LINK = re.compile(r'(\]\(|\b(?:href|src)=")(?![a-z]+:|//|#)([^)"#\s]+)(#[^)"\s]*)?(?=[)"])')
CODE = re.compile(r'(?<![\[`\\])`([A-Za-z_][\w.]*)(\(\))?`(?![\]`{])')


@cache
def parts():
    "{title: contents} of the sections in the sidebar; contents are a pattern of chapters, or a list of pages."
    sidebar = yaml.safe_load((ROOT/'_quarto.yml').read_text(encoding='utf-8'))['website']['sidebar']
    return {part['section']: part['contents'] for part in sidebar['contents'] if 'section' in part}


def source(cell): return ''.join(cell['source'])


def in_table(text): return text.replace('|', r'\|')


def markdown(text):
    return {'cell_type': 'markdown', 'id': f'site{abs(hash(text)) % 10**8}', 'metadata': {}, 'source': text}


def moved(text, base):
    "Relative links of a file in `base`, as they are on the site: to a page, a file beside it, or the repository."
    def target(m):
        path = (base/m[2]).resolve()
        if not path.is_relative_to(ROOT) or not path.exists(): return m[0]
        inside = path.relative_to(ROOT).as_posix()
        if inside in TEXTS: place = TEXTS[inside]
        elif path.is_relative_to(NBS): place = path.relative_to(NBS).as_posix()
        else: place = repository(inside)
        return m[1] + place + (m[3] or '')
    return LINK.sub(target, text)


def visible_lines(text):
    "(line, is it prose?) for each line: not in a fenced or an indented block."
    fenced = False
    for line in text.split('\n'):
        if re.match(r' *(```|~~~)', line): fenced = not fenced; yield line, False
        else: yield line, not fenced and not line.startswith(('    ', '#'))


def prose(text, change): return '\n'.join(change(line) if is_prose else line for line, is_prose in visible_lines(text))


def together(text):
    "A percentage ends no line before its sign."
    return prose(text, lambda line: re.sub(r'`[^`]*`|(?<=\d) (?=%)', lambda m: m[0] if m[0] != ' ' else '\u00a0', line))


class Names:
    "What a name in backticks means in a chapter: what it defines or imports; else what only one module has."
    def __init__(self, module, code):
        self.module, self.own = module, symbols().get(module, {})
        code = re.sub('[()]', '', code)
        found = re.findall(rf'from {PACKAGE}\.(\w+) import ([^\n#]+(?:\n +[\w, ]+)*)', code)
        self.imported = {name: m for m, names in found for name in re.findall(r'\w+', names)}

    def find(self, name, called):
        "The symbol, or None."
        def known(m, n): return s if (s := symbols().get(m, {}).get(n)) and s.public else None
        head, _, tail = name.partition('.')
        if name in self.own: return known(self.module, name)
        if head in self.imported: return known(self.imported[head], name)
        if tail and (there := known(head, tail)): return there
        if not tail and (methods := [n for n in self.own if n.endswith(f'.{name}')]) and len(methods) == 1:
            return known(self.module, methods[0])
        telling = called or tail or '_' in name.strip('_') or name != name.lower()
        places = [m for m, defined in symbols().items() if name in defined and defined[name].public]
        return known(places[0], name) if telling and len(places) == 1 else None

    def link(self, text):
        def to(m):
            if not (there := self.find(m[1], m[2])): return m[0]
            page = '' if there.module == self.module else page_of(there.module)
            return f"[{m[0]}]({page}#{anchor(there)})"
        return prose(text, lambda line: CODE.sub(to, line))


def shown(cell):
    "The name of the symbol that this cell documents, or None."
    called = re.search(r'^show_doc\(([\w.]+)', source(cell), re.M) if cell['cell_type'] == 'code' else None
    return called and called[1]


def is_source(cell): return cell['cell_type'] == 'code' and '#| code-summary: "Exported source"' in source(cell)


def place(cell, module):
    "First and last line of an exported cell in its module; None where that can't be found."
    lines = source(cell).split('\n')
    text = (ROOT/PACKAGE/f'{module}.py').read_text(encoding='utf-8').split('\n')
    telling = [line for line in lines if re.match('(def|class) ', line)] or [
        line for line in lines if line.strip() and not re.match('#|from |import ', line)]
    if not telling or telling[0] not in text: return None
    first = text.index(telling[0]) + 1 - lines.index(telling[0])
    return first, first + len(lines)


def ordered(cells, module):
    "Entries and their code as they stand in the module: entries first, then the code that they belong to."
    table, out, run = symbols().get(module, {}), [], []
    def flush():
        spans = {id(c): place(c, module) for c in run if is_source(c)}
        def key(c):
            if is_source(c): return (spans[id(c)] or (0, 0))[0], 1, 0
            line = table[shown(c)].line if shown(c) in table else 0
            return next(((a, 0, line) for a, b in filter(None, spans.values()) if a <= line <= b), (line, 0, line))
        known = all(spans.values()) and all(shown(c) in table for c in run if not is_source(c))
        out.extend(sorted(run, key=key) if known else run)
        run.clear()
    seen = set() # nbdev adds an entry for a method that has one already
    for c in cells:
        if shown(c) in seen: continue
        if shown(c): seen.add(shown(c))
        if shown(c) or is_source(c): run.append(c)
        else: flush(); out.append(c)
    flush()
    return out


def rewritten(text, symbol, in_view):
    "The entry of a symbol: its whole name, its own anchor; its signature where its code is not in view."
    level, head = ('####' if symbol.kind == 'method' else '###'), symbol.name.replace('_', r'\_')
    text = re.sub(r'^---\n', '', text)
    text = re.sub(r'^#+ .*$', lambda m: f'{level} {head} {{#{anchor(symbol)} .symbol}}', text, count=1, flags=re.M)
    link = f'[source]({repository(f"{PACKAGE}/{symbol.module}.py")}#L{symbol.line}){{.symbol-source}}\n\n'
    text = re.sub(r'^\[source\]\(.*\n+', '', text, flags=re.M)
    if symbol.kind == 'class': text = text.replace('```python\ndef ', '```python\nclass ', 1)
    if in_view: text = re.sub(r'```python\n.*?\n```\n*', '', text, count=1, flags=re.S)
    return f'{text.strip()} {link}' if in_view else f'{link}{text.strip()}\n'


def methods(symbol, entries):
    "A table of the methods of a class that have no entry of their own."
    every = symbols()[symbol.module].values()
    mine = [s for s in every if s.public and s.kind == 'method' and s.name.startswith(symbol.name + '.')]
    rows = [f"| [`{s.name.partition('.')[2]}{in_table(s.signature)}`]{{#{anchor(s)}}} | {in_table(s.doc)} |"
            for s in mine if s.name not in entries]
    return ['\n'.join(['::: {.methods}', '', f'| {symbol.name} | |', '|---|---|', *rows, '', ':::'])] if rows else []


def with_entries(cells, module):
    "Entries with names, anchors and source; tables of methods after the code of a class, or after its entry."
    table = symbols().get(module, {})
    entries = {shown(c) for c in cells} - {None}
    out, waiting = [], []
    for k, c in enumerate(cells):
        name = shown(c)
        if name in table:
            after = next((d for d in cells[k:] if not shown(d)), None)
            span = place(after, module) if after and is_source(after) else None
            in_view = bool(span) and span[0] <= table[name].line <= span[1] and 'code-fold: true' not in source(after)
            for o in c.get('outputs', []):
                if 'text/markdown' in o.get('data', {}):
                    o['data'] = {'text/markdown': rewritten(''.join(o['data']['text/markdown']), table[name], in_view)}
            if table[name].kind == 'class': waiting += methods(table[name], entries)
        out.append(c)
        following = cells[k + 1:k + 2]
        if waiting and (is_source(c) or not any(shown(d) or is_source(d) for d in following)):
            out += map(markdown, waiting)
            waiting = []
    return out


def headings(text, taken):
    "Headings give way to entries: one of the same anchor goes, one that would be called so is called otherwise."
    def kept(m):
        explicit = re.search(r'\{#([^\s}]+)', m[0])
        if explicit and explicit[1] in taken: return ''
        return f'{m[0]} {{#about-{slug(m[1])}}}' if not explicit and slug(m[1]) in taken else m[0]
    return re.sub(r'^#+ +(.*)$', kept, text, flags=re.M)


def as_markdown(data):
    "A table in HTML as a raw block: for HTML itself Quarto adds scripts of another host."
    page = ''.join(data.pop('text/html'))
    if '<table' in page: page = re.sub(r'<style scoped>.*?</style>', '', page, flags=re.S)
    def row(m): return f'<th id="setting-{m[1]}">{m[1]}</th>' if m[1] in settings() and '>may be</th>' in page else m[0]
    page = re.sub(r'<th>(\w+)</th>(?=\s*<td>)', row, page)
    # an identifier and a caption would make it a numbered table, and centre it
    page = re.sub(r'#(T_[0-9a-f]+) ', r'table.\1 ', page)
    page = re.sub(r'<table id="(T_\w+)"(?! class)', r'<table class="\1"', page)
    block = f'```{{=html}}\n{page}\n```\n'
    first = re.findall(r'<tr[^>]*>\s*<t[hd][^>]*>([^<]*)</t[hd]>', page)
    kind = 'settings' if '>may be</th>' in page else 'long-names' if any(len(t) > 24 for t in first) else None
    data['text/markdown'] = f'::: {{.{kind}}}\n\n{block}\n:::\n' if kind else block


def with_words(cell):
    "A caption is also what a picture says where it can't be seen: Quarto leaves that empty otherwise."
    if cell['cell_type'] == 'markdown':
        image = re.compile(r'^!\[([^\]"]+)\]\(([^)\s]+)\)$', re.M)
        cell['source'] = image.sub(r'![\1](\2){fig-alt="\1"}', source(cell))
    elif '#| fig-alt:' not in source(cell):
        both = r'#| fig-cap:\1\n#| fig-alt:\1'
        cell['source'] = re.sub(r'^#\| fig-cap:(.*)$', both, source(cell), count=1, flags=re.M)


def minutes(cells):
    "To read it: 200 words and 20 lines of code a minute, to the next 5 minutes."
    words = sum(len(re.sub(r'\]\([^)]*\)', ']', source(c)).split()) for c in cells if c['cell_type'] == 'markdown')
    lines = [line for c in cells if c['cell_type'] == 'code' and not shown(c) and 'code-fold: true' not in source(c)
             for line in source(c).split('\n') if line.strip() and not line.startswith('#|')]
    return max(5, 5*round((words/200 + len(lines)/20)/5))


def bar(path, module, time):
    "What a reader may do with a chapter, in a line under its title."
    ini = settings_ini()
    colab = f"https://colab.research.google.com/github/{ini['user']}/{ini['repo']}/blob/gh-pages/colab/{path.name}"
    parts = [f'about {time} minutes', f'[Open in Colab]({colab})', f'[Notebook]({repository(f"nbs/{path.name}")})']
    if module in symbols(): parts.append(f'[`{PACKAGE}.{module}`]({repository(f"{PACKAGE}/{module}.py")})')
    return '::: {.chapter-bar}\n\n' + ' · '.join(parts) + '\n\n:::'


def prepare(path):
    "Change a processed notebook in its place."
    nb = json.loads(path.read_text(encoding='utf-8'))
    if nb['metadata'].get('site'): return
    written = json.loads((NBS/path.name).read_text(encoding='utf-8'))['cells']
    number, _, module = path.stem.partition('_')
    names = Names(module, '\n'.join(source(c) for c in written if c['cell_type'] == 'code'))
    time = minutes(nb['cells'])
    cells = with_entries(ordered(nb['cells'], module), module)
    entries = {shown(c) for c in cells}
    taken = {anchor(s) for s in names.own.values() if s.name in entries}
    for c in cells:
        if c['cell_type'] == 'markdown': c['source'] = together(headings(names.link(moved(source(c), NBS)), taken))
        with_words(c)
        for o in c.get('outputs', []):
            data = o.get('data', {})
            if 'text/html' in data and 'text/markdown' not in data: as_markdown(data)
            elif 'text/markdown' in data:
                data['text/markdown'] = names.link(moved(''.join(data['text/markdown']), NBS))
            data.pop('application/vnd.jupyter.widget-view+json', None) # without a kernel it only fetches scripts
    if number.isdigit() and cells[0]['cell_type'] == 'raw':
        head = yaml.safe_load(source(cells[0]).strip().strip('-'))
        if path.name not in parts()['How to']: head['title'] = f"{number} {head['title']}"
        cells[0]['source'] = f'---\n{yaml.safe_dump(head, allow_unicode=True)}---\n'
        cells.insert(1, markdown(bar(path, module, time)))
    for c in cells: c['source'] = source(c).splitlines(True) # Quarto takes no string
    nb['metadata'].pop('widgets', None)
    nb['metadata']['site'] = {'minutes': time}
    path.write_text(json.dumps({**nb, 'cells': cells}, ensure_ascii=False, indent=1), encoding='utf-8')


def index_of_symbols():
    "The page api.qmd: every public symbol, by chapter."
    yield '---\ntitle: API index\ndescription: Every public name of the package, and where the book explains it.\n---\n'
    for module, defined in symbols().items():
        rows = [f"| [`{s.name}`]({page_of(module)}#{anchor(s)}) | {in_table(s.doc)} |"
                for s in defined.values() if s.public]
        head = f'| [`{PACKAGE}.{module}`]({page_of(module)}) | |'
        if rows: yield '\n'.join([f'## {module}\n', '::: {.names}\n', head, '|---|---|', *rows, '\n:::\n'])


def chapters(folder, title, pattern):
    "A table of the chapters of a part, with the minutes that reading takes."
    rows = [f'### {title}\n', '| chapter | what it is about | minutes |', '|---|---|--:|']
    for path in sorted(folder.glob(pattern)):
        nb = json.loads(path.read_text(encoding='utf-8'))
        head = yaml.safe_load(source(nb['cells'][0]).strip().strip('-'))
        time = nb['metadata']['site']['minutes']
        rows.append(f"| [{head['title']}]({path.name}) | {head.get('description', '')} | {time} |")
    return '\n'.join(rows)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else '.')
    for path in sorted(folder.glob('*.ipynb')): prepare(path)
    for path, name in TEXTS.items():
        title, _, text = moved((ROOT/path).read_text(encoding='utf-8'), (ROOT/path).parent).partition('\n')
        (folder/name).write_text(f'---\ntitle: {title.lstrip("# ")}\n---\n{text}', encoding='utf-8')
    (folder/'api.qmd').write_text('\n'.join(index_of_symbols()), encoding='utf-8')
    for path in folder.glob('*.qmd'):
        text = path.read_text(encoding='utf-8')
        tables = [chapters(folder, k, v) for k, v in parts().items() if isinstance(v, str)]
        if '<!-- chapters -->' in text:
            path.write_text(text.replace('<!-- chapters -->', '\n\n'.join(tables)), encoding='utf-8')


if __name__ == '__main__': main()
