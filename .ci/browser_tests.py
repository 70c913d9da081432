#!/usr/bin/env python3
"""The widgets in a real browser: Chromium opens the page of `mnist-diffusion app`, and others that Voilà and JupyterLab
serve; it clicks, drags and types there as a person does, and looks at what appears. What Python got of it is read from
a line that a button "look" writes. A line for each check, in the form of .ci/run, a picture of each page; exit status 1
where one failed.

usage: browser_tests.py [FOLDER [WORD]]      FOLDER: for the pictures; WORD: only checks with this word in their names
"""
import json, os, re, shutil, signal, subprocess, sys, tempfile, threading, time, traceback
from contextlib import contextmanager
from pathlib import Path

LIMIT = 120_000     # milliseconds to wait for anything: a machine may be slow
CHECKS = []         # the functions below, in their order


def check(name):
    "A check of this name: a function of a browser and of the path for a picture, which may return words to print."
    return lambda f: CHECKS.append((name, f)) or f


# The browser

def find_browser():
    "The path of a Chromium; installed where it may be. None where there is none to be had."
    names = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'
    here = lambda: next(filter(None, map(shutil.which, names)), None)
    if here() or not shutil.which('apt-get') or os.geteuid(): return here()
    end, how = time.monotonic()+180, dict(os.environ, DEBIAN_FRONTEND='noninteractive')
    for words in (['update'], ['install', '-y', '--no-install-recommends', 'chromium']):
        left = max(1, end-time.monotonic())
        try: subprocess.run(['apt-get', '-q', *words], env=how, capture_output=True, timeout=left)
        except subprocess.TimeoutExpired: break
    return here()


def playwright_timeout():
    from playwright.sync_api import TimeoutError
    return TimeoutError


@contextmanager
def browser_of(path):
    "A browser without a window."
    from playwright.sync_api import sync_playwright
    words = ['--no-sandbox']*(os.geteuid() == 0) + ['--disable-dev-shm-usage', '--disable-gpu']
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path, args=words, timeout=LIMIT)
        try: yield browser
        finally: browser.close()


@contextmanager
def opened(browser, address, shot, **how):
    "A page, of which a picture is taken at the end, however it ends."
    page = browser.new_page(viewport=dict(width=1280, height=1000), **how)
    page.set_default_timeout(LIMIT)
    page.errors = []
    page.on('pageerror', lambda e: page.errors.append(str(e)))
    # what is not on this machine is answered at once, as it is on a machine without network
    page.route(re.compile(r'^https?://(?!127\.0\.0\.1)'), lambda route: route.abort())
    try:
        page.goto(address, wait_until='commit')
        yield page
    finally:
        page.screenshot(path=shot, full_page=True)
        page.close()


# Servers

@contextmanager
def server(*command, says=r'http://127\.0\.0\.1:\d+', **how):
    "A process that serves, and its address; ended by Ctrl-C, and with it all that it started."
    import psutil
    how |= dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    p = subprocess.Popen(command, **how)
    lines, address = [], None
    for line in p.stdout:
        lines.append(line)
        if found := re.search(says, line): address = found[0]; break
    if not address: raise RuntimeError(f'{command[0]} ended with {p.wait()}: {"".join(lines[-12:])}')
    reader = threading.Thread(target=lambda: lines.extend(p.stdout), daemon=True)   # a full pipe would stop it
    reader.start()
    try:
        yield address
        started = psutil.Process(p.pid).children(recursive=True)
        p.send_signal(signal.SIGINT)
        status = p.wait(60)
        reader.join(10)
        left = psutil.wait_procs(started, timeout=30)[1]
        if status or left: raise AssertionError(f'ended with {status}, left {left}: {"".join(lines[-12:])}')
    finally:
        if p.poll() is None: os.killpg(p.pid, signal.SIGKILL); p.wait()


LOOK = '''
import html, json
from ipywidgets import Button, HTML, VBox
def watched(*widgets, **looks):
    "Widgets, and a button that says what Python sees of them."
    seen, button, times = HTML(), Button(description='look'), iter(range(1000))
    seen.add_class('seen')
    def look(_):
        found = {name: look() for name,look in looks.items()} | dict(times=next(times))
        seen.value = html.escape(json.dumps(found))
    button.on_click(look)
    return VBox([*widgets, button, seen])
def summary(images):
    "The shape and the sum of images, or None."
    return None if images is None else [*images.shape, round(images.double().sum().item(), 3)]
'''


@contextmanager
def voila(*cells):
    "The address of a page of these cells."
    words = f'from mnist_diffusion.serving import serve; serve({[LOOK, *cells]!r}, 0, False)'
    program = f'import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {words}'
    with server(sys.executable, '-c', program) as address: yield address


@contextmanager
def jupyterlab(*cells):
    "The address of a notebook of these cells in JupyterLab, not yet run."
    from mnist_diffusion.serving import free_port, write_notebook
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        write_notebook([LOOK, *cells], Path(folder)/'page.ipynb')
        own = {f'JUPYTER_{n}': f'{folder}/.jupyter/{n}' for n in ('CONFIG_DIR', 'DATA_DIR', 'RUNTIME_DIR')}
        flags = dict(ServerApp_root_dir=folder, ServerApp_port=free_port(), ServerApp_port_retries=0,
                     ServerApp_ip='127.0.0.1', ServerApp_allow_root=True, ServerApp_open_browser=False,
                     LabApp_check_for_updates_class='jupyterlab.NeverCheckForUpdate', LabApp_news_url='None',
                     IdentityProvider_token='')
        words = [f'--{name.replace("_", ".", 1)}={value}' for name,value in flags.items()]
        with server(sys.executable, '-m', 'jupyterlab', '-y', *words, env=os.environ | own) as address:
            yield f'{address}/lab/tree/page.ipynb'


# What a person does

def look(page):
    "What Python sees."
    seen = page.locator('.seen')
    before = seen.inner_text().strip()
    page.get_by_role('button', name='look', exact=True).click()
    page.wait_for_function('([e, t]) => e.innerText.trim() != t', arg=[seen.element_handle(), before])
    return json.loads(seen.inner_text())


def until(page, hold, what, seconds=LIMIT/1000):
    "The first sight of Python for which a function holds."
    end = time.monotonic()+seconds
    while not hold(seen := look(page)):
        assert time.monotonic() < end, f'{what} did not come; Python sees {seen}'
        page.wait_for_timeout(100)
    return seen


def drag(page, element, *points):
    "Press, move and let go: points in parts (0 to 1) of an element's width and height."
    element.scroll_into_view_if_needed()
    box = element.bounding_box()
    (x, y), *rest = [(box['x']+u*box['width'], box['y']+v*box['height']) for u,v in points]
    page.mouse.move(x, y); page.mouse.down()
    for x,y in rest: page.mouse.move(x, y, steps=8)
    page.mouse.up()


def run_all(page):
    "All cells of a notebook in JupyterLab, once it has its Python; asked again where that was overheard."
    page.get_by_text(re.compile(r'\| Idle$')).wait_for()
    for _ in range(5):
        page.get_by_role('menuitem', name='Run', exact=True).click()
        page.get_by_role('menuitem', name='Run All Cells', exact=True).click()
        begun = page.locator('.jp-InputPrompt', has_text=re.compile(r'\[[\d*]+\]:')).first
        try: return begun.wait_for(timeout=10_000)
        except playwright_timeout(): pass
    raise AssertionError('JupyterLab runs no cell')


# The checks

CANVAS = '''
from mnist_diffusion.canvas import Canvas
canvas = Canvas()
def rows(plane): return [[k for k,v in enumerate(r) if v > .5] for r in plane[0].tolist()]
watched(canvas, ink=lambda: rows(canvas.image), marks=lambda: summary(canvas.mask))'''


def draw_a_cross(page):
    "Two strokes, one of them by keyboard undone; what Python gets of it."
    pad = page.get_by_label('Drawing canvas', exact=True)
    pad.wait_for()
    drag(page, pad, (.25, .5), (.75, .5))
    one = until(page, lambda s: any(s['ink']), 'the stroke')
    row = one['ink'][14]
    assert 11 <= len(row) <= 18 and row == list(range(row[0], row[-1]+1)), one
    assert not any(one['ink'][:10]+one['ink'][18:]), one
    drag(page, pad, (.5, .25), (.5, .75))
    until(page, lambda s: s['ink'][8], 'the second stroke')
    page.get_by_role('button', name='Undo', exact=True).click()
    until(page, lambda s: s['ink'] == one['ink'], 'undoing')
    page.get_by_role('button', name='Mark', exact=True).click()
    drag(page, pad, (.3, .3), (.7, .7))
    until(page, lambda s: s['marks'][-1] > 20 and s['ink'] == one['ink'], 'the mark')
    page.get_by_role('button', name='Clear', exact=True).click()
    until(page, lambda s: not any(s['ink']), 'clearing')


@check('a stroke on the canvas arrives in Python, is undone, marked over and cleared')
def canvas(browser, shot):
    with voila(CANVAS) as address, opened(browser, address, shot) as page:
        draw_a_cross(page)
        assert not page.errors, page.errors


@check('the same in JupyterLab')
def canvas_in_lab(browser, shot):
    with jupyterlab(CANVAS) as address, opened(browser, address, shot) as page:
        run_all(page)
        draw_a_cross(page)


def main():
    folder = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp(prefix='browser_tests.'))
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    path, failed, start = find_browser(), 0, time.monotonic()
    if not path:
        print('skipped browser: there is no Chromium here, and apt-get cannot install one')
        return 0
    with browser_of(path) as browser:
        print(f'        Chromium {browser.version}')
        for k,(name, f) in enumerate(CHECKS):
            if sys.argv[2:] and sys.argv[2] not in name: continue
            begun = time.monotonic()
            try: said = f(browser, folder/f'{k}_{f.__name__}.png')
            except Exception as e:
                failed += 1
                why = ''.join(traceback.format_exception(e)).strip().splitlines()[-12:]
                print(f'FAILED  browser: {name}', *(f'        {line[:400]}' for line in why), sep='\n', flush=True)
            else:
                took = f'({time.monotonic()-begun:.0f} s)'
                print(f'ok      browser: {name}{said and f": {said}" or ""} {took}', flush=True)
    print(f'        browser: {time.monotonic()-start:.0f} s; pictures in {folder}')
    return failed > 0


if __name__ == '__main__': sys.exit(main())
