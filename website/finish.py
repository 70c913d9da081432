#!/usr/bin/env python3
"""After Quarto has rendered (`post-render` in _quarto.yml): search finds definitions, flags stay whole, notebooks for
Colab, README.md.

It runs in _proc. README.md, which nbdev has Quarto render before the site, becomes what .ci/render_readme.py makes.
"""
import importlib.util, json, os, re
from pathlib import Path
from symbols import ROOT, anchor, page_of, settings, settings_ini, symbols

IMPORT = re.compile(r'^ *(?:from [\w.]+ import .*|import [\w., ]+(?: as \w+)?)$\n?', re.M)
SETUP = '''# Where there is only this notebook, as in Google Colab: the package, and the folder of the chapters
from pathlib import Path
if not Path('results').is_dir():
    !git clone -q --depth 1 {url}
    %pip install -q "./{repo}[tracking,evaluation,widgets]" nbdev
    %cd {repo}/nbs'''
ABOUT = 'The next cell installs the package. Real digits come with it; cells that want all of MNIST download it.'


def entries(pages):
    "For search: an entry for each symbol and each setting, with its name as its title. `pages`: {page: crumbs}"
    def entry(name, page, at, text):
        href = f'{page}#{at}'
        return dict(objectID=href, href=href, title=name, section='', text=text, crumbs=pages[page])
    for module, defined in symbols().items():
        page = page_of(module)
        if page not in pages: continue
        for s in defined.values():
            if s.public: yield entry(s.name, page, anchor(s), f'{s.doc}\n{s.name}{s.signature}')
    if 'config.html' in pages:
        for name, (default, meaning) in settings().items():
            yield entry(name, 'config.html', f'setting-{name}', f'A setting: {meaning}\ndefault: {default}')


def search(docs):
    "Definitions before places of use, and no lines of imports."
    path = docs/'search.json'
    found = [e for e in json.loads(path.read_text(encoding='utf-8')) if 'symbol' not in e]
    for e in found: e['text'] = IMPORT.sub('', e['text'])
    pages = {e['href'].partition('#')[0]: e.get('crumbs', []) for e in found}
    wanted = [dict(e, symbol=True) for e in entries(pages)]
    path.write_text(json.dumps(wanted + found, ensure_ascii=False, indent=1), encoding='utf-8')


def whole(page):
    "In sentences: flags and other words with hyphens are not broken there, and no line begins with a formula's comma."
    def word(m): return f'<span class="whole">{m[0]}</span>' if len(m[0]) <= 30 else m[0]
    def code(m): return '<code>' + re.sub(r'[^\s&;]*-[^\s&;]*', word, m[1]) + '</code>'
    formula = r'(<math display="inline"(?:(?!</math>).)*</math>)([^\w\s<]+)'
    page = re.sub(formula, r'<span class="whole">\1\2</span>', page, flags=re.S)
    return re.sub(r'(?<!<pre>)<code>([^<]*)</code>', code, page)


def for_colab(path):
    "The chapter with a first cell that installs the package, without what exports it."
    nb = json.loads(path.read_text(encoding='utf-8'))
    def kept(cell): return not re.search(r'^#\|\s*default_exp|nbdev_export\(\)', ''.join(cell['source']), re.M)
    ini = settings_ini()
    setup = SETUP.format(url=ini['git_url'], repo=ini['repo'])
    added = [dict(cell_type='markdown', id='colab-about', metadata={}, source=ABOUT),
             dict(cell_type='code', id='colab-setup', metadata={}, execution_count=None, outputs=[], source=setup)]
    first, *rest = [c for c in nb['cells'] if kept(c)]
    return json.dumps({**nb, 'cells': [first, *added, *rest]}, ensure_ascii=False, indent=1)


def readme(docs):
    "Quarto's README.md becomes that of .ci/render_readme.py, so that nbdev puts that one in its place."
    spec = importlib.util.spec_from_file_location('render_readme', ROOT/'.ci'/'render_readme.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text, _ = module.render(ROOT/'nbs'/'index.ipynb')
    (docs/'README.md').write_text(text, encoding='utf-8')


def main():
    docs = Path(os.environ.get('QUARTO_PROJECT_OUTPUT_DIR', '_docs'))
    written = [Path(p).name for p in os.environ.get('QUARTO_PROJECT_OUTPUT_FILES', '').splitlines()]
    if 'README.md' in written: readme(docs)
    if not os.environ.get('QUARTO_PROJECT_RENDER_ALL'): return
    search(docs)
    for p in docs.glob('*.html'): p.write_text(whole(p.read_text(encoding='utf-8')), encoding='utf-8')
    (docs/'colab').mkdir(exist_ok=True)
    for p in sorted((ROOT/'nbs').glob('[0-9]*.ipynb')):
        (docs/'colab'/p.name).write_text(for_colab(p), encoding='utf-8')


if __name__ == '__main__': main()
