#!/usr/bin/env python3
"""Over the prepared pages, before Quarto or without it: page names, links, anchors, what pictures say to the blind,
rows of tables, and sentences that end in a colon before nothing.

One line a finding; exit status 1 if there is one.

usage: check.py FOLDER      FOLDER: what prepare.py has prepared (_proc)
"""
import json, re, sys
from collections import Counter
from itertools import takewhile
from pathlib import Path
from urllib.parse import unquote
import yaml
from symbols import settings_ini, slug

HEADING = re.compile(r'^(#{1,6}) +(.*?)(?: *\{([^}]*)\})? *$')
LINK = re.compile(r'(?<!\\)\]\(([^)\s]+)(?: "[^"]*")?\)|\b(?:href|src)="([^"]+)"')
PICTURE = re.compile(r'!\[([^\]]*)\]\(([^)\s]+)|<img\b([^>]*)>')


def without_code(text):
    text = re.sub(r'^ *(```+|~~~+).*?^ *\1 *$', '', text, flags=re.M|re.S)
    return re.sub(r'(`+)[^`\n]+?\1', lambda m: '`' if '](' in m[0] or '<' in m[0] else m[0], text)


def hidden(source): return re.search(r'^#\|\s*(hide\b|include: *false|output: *false)', source, re.M)


def described(source):
    "The texts that a cell gives its pictures."
    head = takewhile(lambda line: line.startswith(('#|', '%%')), source.split('\n'))
    lines = [re.sub(r'^#\| ?', '', line) for line in head]
    options = yaml.safe_load('\n'.join(line for line in lines if re.match(r'[\w-]+:| ', line))) or {}
    said = options.get('fig-alt', options.get('fig-cap')) or []
    return [said] if isinstance(said, str) else said


def shown(cell):
    source = ''.join(cell['source']).strip()
    if cell['cell_type'] != 'code': return cell['cell_type'] == 'markdown' and bool(source)
    silent = re.search(r'^#\|\s*echo: *false', source, re.M) and not cell.get('outputs')
    return bool(source) and not silent and not re.search(r'^#\|\s*(hide\b|include: *false)', source, re.M)


def promises(cells):
    "The ends of texts that announce something, where no code, list, table, picture or formula follows."
    cells = [c for c in cells if shown(c)]
    for c, following in zip(cells, [*cells[1:], None]):
        line = ''.join(c['source']).rstrip().split('\n')[-1]
        if c['cell_type'] != 'markdown' or not re.search('[^:]:$', line): continue
        kept = following and (following['cell_type'] == 'code' or
                              re.match(r'([-*+|>!<$`~:]|\d+\. )', ''.join(following['source']).lstrip()))
        if not kept: yield line


def uneven(text):
    "Rows of tables with more or fewer cells than the head."
    text = re.sub(r'`[^`\n]*`|\$[^$\n]+\$|\\\|', '', text)
    for table in re.findall(r'(?:^ *\|.*\n?)+', text, re.M):
        head, *rows = table.strip().split('\n')
        yield from (r for r in rows if r.count('|') != head.count('|'))


class Page:
    def __init__(self, path):
        self.path, self.texts, self.pictures = path, [], []
        text = path.read_text(encoding='utf-8')
        cells = json.loads(text)['cells'] if path.suffix == '.ipynb' else [dict(cell_type='markdown', source=text)]
        self.html = f'{path.stem}.html'
        for c in cells: self.add(c)
        self.promises = list(promises(cells))
        body = '\n'.join(self.texts)
        titles = [m for line in body.split('\n') if (m := HEADING.match(line))]
        ids = [next(iter(re.findall(r'#([^\s}]+)', m[3] or '')), None) or slug(m[2]) for m in titles]
        seen, self.ids = Counter(), set(re.findall(r'\{#([^\s}]+)', body) + re.findall(r'\bid="([^"]+)"', body))
        for i in ids:
            self.ids.add(f'{i}-{seen[i]}' if seen[i] else i)
            seen[i] += 1
        self.links = [unquote(a or b) for a, b in LINK.findall(body)]

    def add(self, c):
        source = ''.join(c['source'])
        if c['cell_type'] == 'raw': self.html = next(iter(re.findall(r'^output-file: (\S+)', source, re.M)), self.html)
        if c['cell_type'] == 'markdown':
            self.texts.append(without_code(source))
            self.look(self.texts[-1])
        if c['cell_type'] != 'code' or hidden(source): return
        numbered = r'(?s)(^|\n)#\|\s*label: (fig|tbl)-|<table id="[^>]*>\s*<caption'
        texts = source, *(''.join(o.get('data', {}).get('text/markdown', '')) for o in c.get('outputs', []))
        self.pictures += [f'{" ".join(m[0].split())}: this would get a number, as no other has one' for t in texts
                          if (m := re.search(numbered, t))]
        drawn = 0
        for o in c.get('outputs', []):
            data = {k: ''.join(v) for k, v in o.get('data', {}).items() if isinstance(v, (str, list))}
            written = data.get('text/markdown') or data.get('text/html')
            if written:
                self.texts.append(without_code(written))
                self.look(self.texts[-1])
            elif any(k.startswith('image/') for k in data): drawn += 1
        if drawn and len([t for t in described(source) if t.strip()]) != drawn:
            self.pictures.append(f"{drawn} pictures, fig-cap or fig-alt for {len(described(source))}: "
                                 f"{source.strip().splitlines()[-1][:70]}")

    def look(self, text):
        for alt, to, attributes in PICTURE.findall(text):
            if not (alt.strip() if to else re.search(r'\balt="[^"]+"', attributes)):
                self.pictures.append(f'{to or attributes.strip()[:60]} has no text')


def findings(folder):
    pages = [Page(p) for p in sorted(folder.iterdir()) if p.suffix in ('.ipynb', '.qmd', '.md')]
    home = settings_ini()['doc_host']
    for name, n in Counter(p.html for p in pages).items():
        if n > 1: yield f'{name}: {n} pages have this name'
    places = {q: p for p in pages for q in (p.path.name, p.html)}
    for p in pages:
        yield from (f'{p.path.name}: {what}' for what in p.pictures)
        yield from (f'{p.path.name}: nothing follows "{line[-60:]}"' for line in p.promises)
        yield from (f'{p.path.name}: more or fewer cells than the head: {r[:70]}' for t in p.texts for r in uneven(t))
        for link in dict.fromkeys(p.links):
            to, _, place = link.partition('#')
            if link.startswith(home): yield f'{p.path.name}: {link} leaves the site for itself'
            if re.match(r'[a-z]+:|//', link): continue
            there = places.get(to) if to else p
            if not there and not (folder/to).exists(): yield f'{p.path.name}: {link}: there is no such page or file'
            elif there and place and place not in there.ids: yield f'{p.path.name}: {link}: no such place on that page'


def main():
    found = list(findings(Path(sys.argv[1])))
    print('\n'.join(found))
    sys.exit(bool(found))


if __name__ == '__main__': main()
