#!/usr/bin/env python3
"""Render README.md from nbs/index.ipynb, with its pictures in README_files/.

usage: render_readme.py [--check]      --check writes nothing; exit status 1 when what is there differs
"""
import argparse, re, sys
from pathlib import Path
import nbformat
from nbconvert import MarkdownExporter

ROOT = Path(__file__).resolve().parents[1]
DIRECTIVE = re.compile(r'^#\|\s*([\w-]+):?[ \t]*(.*)$', re.M)
LINK = re.compile(r'(\]\(|(?:src|href)=")([^)"#:\s]+)(?=[)"#])')


def visible(cell):
    "The cell as a reader should see it, or None."
    if cell.cell_type != 'code': return cell
    flags = dict(DIRECTIVE.findall(cell.source))
    if 'hide' in flags or flags.get('include') == 'false' or 'default_exp' in flags: return None
    cell.source = DIRECTIVE.sub('', cell.source).strip()
    if flags.get('output') == 'false': cell.outputs = []
    if flags.get('echo') == 'false': cell.metadata['transient'] = {'remove_source': True}
    return cell


def render(nb_path):
    "The text of README.md and {path below the root: bytes} of its pictures."
    nb = nbformat.read(nb_path, 4)
    nb.metadata['language_info'] = {'name': 'python'} # cleaned notebooks don't have it, and code blocks need it
    nb.cells = [c for c in map(visible, nb.cells) if c is not None and (c.source or c.get('outputs'))]
    names = {'output_files_dir': 'README_files', 'unique_key': 'README'}
    text, resources = MarkdownExporter().from_notebook_node(nb, names)
    # links are written as seen from nbs/; README.md lies one folder up
    def from_root(m):
        target = nb_path.parent/m[2]
        there = target.exists() and not (ROOT/m[2]).exists()
        return m[1] + (target.resolve().relative_to(ROOT).as_posix() if there else m[2])
    text = LINK.sub(from_root, re.sub(r'[ \t]+$', '', text, flags=re.M))
    return re.sub(r'\n{3,}', '\n\n', text).strip() + '\n', resources['outputs']


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--check', action='store_true',
                        help='write nothing; exit status 1 when README.md or a picture differs')
    check = parser.parse_args().check
    text, pictures = render(ROOT/'nbs'/'index.ipynb')
    wanted = {'README.md': text.encode(), **pictures}
    paths = [ROOT/'README.md', *(ROOT/'README_files').glob('*')]
    there = {p.relative_to(ROOT).as_posix(): p for p in paths if p.exists()}
    changed = [n for n, data in wanted.items() if n not in there or there[n].read_bytes() != data]
    stale = sorted(changed + [n for n in there if n not in wanted])
    if check:
        if stale: sys.exit(f"not what nbs/index.ipynb gives: {', '.join(stale)}; run python .ci/render_readme.py")
        return
    for name in stale:
        if name not in wanted: (ROOT/name).unlink(); continue
        (ROOT/name).parent.mkdir(exist_ok=True)
        (ROOT/name).write_bytes(wanted[name])
    print('\n'.join(stale) or 'README.md is up to date')


if __name__ == '__main__': main()
