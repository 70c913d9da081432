#!/usr/bin/env python3
"""The widgets in a real browser: Chromium opens the page of `mnist-diffusion app`, and others that Voilà and JupyterLab
serve; it clicks, drags and types there as a person does, and looks at what appears. What Python got of it is read from
a line that a button "look" writes. A line for each check, in the form of .ci/run, a picture of each page; exit status 1
where one failed.

usage: browser_tests.py [FOLDER [WORD]]      FOLDER: for the pictures; WORD: only checks with this word in their names
"""
import json, os, re, shlex, shutil, signal, subprocess, sys, tempfile, threading, time, traceback
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
        assert not page.errors, page.errors
        assert not page.get_by_text('Click to show javascript error').count(), 'a widget is not shown'
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

def press(page, name): page.get_by_role('button', name=name, exact=True).click()


def look(page):
    "What Python sees."
    seen = page.locator('.seen')
    before = seen.text_content()
    press(page, 'look')
    page.wait_for_function('([e, before]) => e.textContent != before', arg=[seen.element_handle(), before])
    return json.loads(seen.text_content())


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


def watch_frames(page):
    "From now on note when a picture among results changes; `frames` tells."
    page.evaluate('''() => {
      window.changes = [];
      new MutationObserver(all => {
        if (all.some(m => m.target.matches?.('.mnist-gallery > img'))) window.changes.push(performance.now());
      }).observe(document.body, {subtree: true, attributes: true, attributeFilter: ['src']});
    }''')


def frames(page):
    "How often it has changed since this was asked last, and how often a second."
    times = page.evaluate('() => window.changes.splice(0)')
    rate = (len(times)-1)/(times[-1]-times[0])*1000 if len(times) > 1 and times[-1] > times[0] else 0
    return len(times), rate


def shown_bytes(page, where='.mnist-gallery > img'):
    "A fingerprint of the picture of results, as the browser has it."
    return page.evaluate('''async where => {
      const [img] = [...document.querySelectorAll(where)].filter(i => i.checkVisibility());
      const bytes = await (await fetch(img.src)).arrayBuffer(), sum = await crypto.subtle.digest('SHA-256', bytes);
      return [...new Uint8Array(sum)].map(b => b.toString(16).padStart(2, '0')).join('');
    }''', where)


def done(page, before=None):
    "Python's sight once the images that were asked for are there (and others than before)."
    return until(page, lambda s: s['state'] == 'done' and s['images'] and s['images'] != before, 'the images')


def rerun(code):
    "The sum of the images that the shown code makes, in a Python of its own."
    summed = 'import numpy\nprint(sum(numpy.asarray(i).sum(dtype=float) for i in result.images)/255)'
    r = subprocess.run([sys.executable, '-c', f'{code}\n{summed}'], capture_output=True, text=True, timeout=LIMIT/1000)
    assert r.returncode == 0, r.stderr[-800:]
    return float(r.stdout.split()[-1])


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


@check('the same in JupyterLab')
def canvas_in_lab(browser, shot):
    with jupyterlab(CANVAS) as address, opened(browser, address, shot) as page:
        run_all(page)
        draw_a_cross(page)


def drawn_by(command):
    "The sum of the images that a command draws, each of them in a file."
    from PIL import Image, ImageStat
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, '-m', 'mnist_diffusion.cli', *shlex.split(command)[1:]]
        r = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=LIMIT/1000)
        assert r.returncode == 0, r.stderr[-800:]
        files = [p for p in Path(folder).rglob('*.png') if p.name != 'grid.png']
        return sum(ImageStat.Stat(Image.open(p)).sum[0] for p in files)/255


STATE = '''
import hashlib
def facts(w, picture, **more):
    "What is asked about a widget."
    return watched(w, state=lambda: w.worker.state, images=lambda: summary(w.images), code=lambda: w.code,
                   picture=lambda: hashlib.sha256(picture.value).hexdigest(), said=lambda: w.status.value,
                   settings=lambda: {k: v for k,v in w.settings.items() if not hasattr(v, 'shape')}, **more)'''

REPAIR = '''
from mnist_diffusion.canvas import draw_and_repair
w = draw_and_repair()
def changed():
    "The largest change of a pixel that was not marked."
    asked = w.settings
    if 'mask_image' not in asked: return None
    return ((w.images - asked['image'])*(1 - asked['mask_image'])).abs().max().item()
facts(w, w.results.picture, ink=lambda: w.canvas.image.sum().item(), marked=lambda: w.canvas.mask.sum().item(),
      changed=changed)'''


@check('draw and repair: a drawing is gone on from and repaired, what was not marked stays, its code draws the same')
def repair(browser, shot):
    with voila(STATE, REPAIR) as address, opened(browser, address, shot) as page:
        pad = page.get_by_label('Drawing canvas', exact=True)
        pad.wait_for()
        press(page, 'Repair what is marked')
        page.locator('.mnist-warning').wait_for()                      # nothing is
        drag(page, pad, (.25, .25), (.75, .25), (.45, .8))             # a seven
        drawn = until(page, lambda s: s['ink'] > 20, 'the drawing')
        watch_frames(page)
        press(page, 'Denoise from here')
        first = done(page)
        count, rate = frames(page)
        assert first['images'][:3] == [4, 1, 28] and count, (first, count)
        assert first['picture'] == shown_bytes(page)
        press(page, 'Another seed')
        second = done(page, first['images'])
        press(page, 'Put result 2 on the canvas')
        put = until(page, lambda s: s['ink'] != drawn['ink'], 'the result on the canvas')
        press(page, 'Mark')
        drag(page, pad, (.2, .2), (.8, .3))
        until(page, lambda s: s['marked'] > 20, 'the mark')
        press(page, 'Repair what is marked')
        third = done(page, second['images'])
        assert third['changed'] < 1e-6 and third['settings']['num_resamples'] == 3, third
        page.get_by_text('Code', exact=True).click()
        code = page.get_by_label('In Python').inner_text()
        assert 'mask_image=' in code and code.strip() == third['code'].strip()
        assert abs(rerun(code) - third['images'][-1]) < 1, 'the code that is shown draws other images'
        return f'{rate:.0f} frames/s'


GENERATE = '''
from mnist_diffusion.widgets import generate
w = generate()
facts(w, w.gallery.picture, history=lambda: w.about.facts.value)'''


def far_right(page, name):
    "A slider's handle, moved to its end by the keyboard."
    handle = page.locator('.widget-slider', has_text=name).locator('.noUi-handle')
    handle.focus()
    handle.press('End')


@check('generate: digits appear while they are drawn, a new request replaces the old, Stop stops')
def generating(browser, shot):
    with voila(STATE, GENERATE) as address, opened(browser, address, shot) as page:
        prompt = page.get_by_label('Prompt', exact=True)
        prompt.wait_for()
        watch_frames(page)
        press(page, '3')
        first = done(page)
        assert first['images'][:3] == [4, 1, 28] and '3' in first['settings']['prompt'], first
        assert first['picture'] == shown_bytes(page)
        prompt.fill('a handwritten five')
        prompt.press('Enter')
        second = done(page, first['images'])
        assert second['settings']['prompt'] == 'a handwritten five'
        page.get_by_role('button', name='Image 1', exact=False).click()
        until(page, lambda s: 'nearest of' in s['history'] and re.search(r'\b5 <meter', s['history']), 'the history')
        press(page, 'Close')
        page.get_by_text('The same in Python and in a shell').click()
        assert page.get_by_label('In Python').inner_text().strip() == second['code'].strip()
        said = page.get_by_label('In a shell').inner_text()
        assert abs(drawn_by(said) - second['images'][-1]) < .01*second['images'][-1], 'the command draws other images'
        far_right(page, 'Images')
        far_right(page, 'Steps')
        asked = lambda s: (s['state'], s['images'][0], s['settings']['num_inference_steps']) == ('done', 16, 100)
        whole = until(page, asked, 'the images of 100 steps')
        frames(page)
        page.get_by_title('Another seed').click()
        page.wait_for_function('() => window.changes.length > 1')
        press(page, 'Stop')
        stopped = until(page, lambda s: s['state'] != 'running', 'the end of drawing')
        assert stopped['state'] == 'stopped' and stopped['images'] == whole['images'], stopped
        assert 'stopped' in page.locator('.mnist-status [role=status]').first.inner_text()
        frames(page)
        page.get_by_title('Another seed').click()
        page.wait_for_function('() => window.changes.length > 1')
        press(page, '7')
        replaced = done(page, whole['images'])
        assert '7' in replaced['settings']['prompt'] and replaced['picture'] == shown_bytes(page)
        count, rate = frames(page)
        prompt.fill('a purple zebra')
        prompt.press('Enter')
        page.locator('.mnist-warning', has_text='zebra').wait_for()
        return f'{count} pictures, {rate:.0f} a second'


ATTRIBUTES = '''
import torch
from mnist_diffusion.schedulers import *
from mnist_diffusion.config import load_config
from mnist_diffusion.runs import pipeline_of, unet_of
from mnist_diffusion.widgets import generate
torch.manual_seed(0)
config = load_config('attributes', block_widths=[8, 16], num_inference_steps=2)
w = generate(pipeline_of(config, unet_of(config, (1, 20, 20), 10).eval(), [*'0123456789'],
                         [f'A handwritten digit {k}' for k in range(10)]))
facts(w, w.gallery.picture, prompt=lambda: w.controls['prompt'].value,
      stand=lambda: [s.value for s in w.attributes.sliders.values()])'''


@check('generate with a model of attributes: sliders write the prompt, follow it, and keep to the page on a phone')
def sliders(browser, shot):
    with voila(STATE, ATTRIBUTES) as address, opened(browser, address, shot) as page:
        prompt, slider = page.get_by_label('Prompt', exact=True), page.locator('.widget-slider').filter
        prompt.wait_for()
        shown = lambda name: slider(has_text=name).locator('.widget-readout').inner_text()
        names = 'Thickness', 'Slant', 'Width'
        assert [shown(n) for n in names] == ['any']*3
        press(page, '7')
        first = done(page)
        far_right(page, 'Thickness')
        drawn = lambda words: lambda s: s['settings']['prompt'] == words and s['state'] == 'done'
        thick = until(page, drawn('the very thick 7'), 'thickness')
        assert thick['images'] != first['images'] and prompt.input_value() == thick['prompt'], thick
        handle, track = (slider(has_text='Slant').locator(f'.noUi-{part}') for part in ('handle', 'base'))
        start, end = handle.bounding_box(), track.bounding_box()
        page.mouse.move(start['x']+start['width']/2, start['y']+start['height']/2); page.mouse.down()
        page.mouse.move(end['x'], start['y']+start['height']/2, steps=8); page.mouse.up()
        both = until(page, lambda s: s['prompt'] == 'the very thick 7, very leaning left', 'a drag of the slant')
        assert both['stand'] == ['very thick', 'very leaning left', '']
        press(page, '4')
        until(page, lambda s: s['settings']['prompt'] == 'the very thick 4, very leaning left', 'another digit')
        prompt.fill('a narrow three, leaning right')
        prompt.press('Enter')
        asked = until(page, drawn('a narrow three, leaning right'), 'a prompt by hand')
        assert asked['stand'] == ['', 'leaning right', 'narrow']
        assert [shown(n) for n in names] == ['any', 'right', 'narrow']
        assert '2 steps' in asked['said'], asked['said']
        outside = lambda: page.evaluate('''() => [...document.querySelectorAll('.widget-slider, .widget-readout')]
          .filter(e => e.checkVisibility() &&
            e.getBoundingClientRect().right > innerWidth + 1 || e.scrollWidth > e.clientWidth + 1
          ).map(e => e.className + ' ' + e.textContent)''')
        assert not outside(), outside()
        page.screenshot(path=shot.with_stem(f'{shot.stem}_wide'), full_page=True)
        page.set_viewport_size(dict(width=390, height=844))
        page.wait_for_timeout(500)
        assert not outside(), outside()


CLASSES = '''
from mnist_diffusion.config import Config
from mnist_diffusion.runs import pipeline_of, unet_of
config = Config(dataset='mnist_5k', block_widths=[8, 16], num_inference_steps=2)
w = generate(pipeline_of(config, unet_of(config, (1, 20, 20), 10).eval(), [str(k) for k in range(10)]))
facts(w, w.gallery.picture)'''


@check('generate with a model of classes: one that there is not is an error in one line, the next is drawn')
def generating_classes(browser, shot):
    first, rest = GENERATE.strip().split('\n')[0], CLASSES
    with voila(STATE, first + rest) as address, opened(browser, address, shot) as page:
        labels = page.get_by_label('Labels', exact=True)
        labels.fill('eleven')
        labels.press('Enter')
        line = page.locator('.mnist-error')
        line.wait_for()
        assert 'eleven' in line.inner_text() and '\n' not in line.inner_text().strip(), line.inner_text()
        labels.fill('1, 4')
        labels.press('Enter')
        seen = done(page)
        assert seen['images'][0] == 8 and seen['settings']['labels'] == [1, 4] and line.count() == 0, seen


WATCH = '''
from mnist_diffusion.dashboards import watch
w = watch({folder!r}, every=.5)
facts(w, w.picture)'''


@check('watch: a training that begins later is seen to its end')
def watching(browser, shot):
    with tempfile.TemporaryDirectory() as folder:
        run = f'{folder}/run'
        with voila(STATE, WATCH.format(folder=run)) as address, opened(browser, address, shot) as page:
            page.get_by_text('waiting for the run to begin').wait_for()
            words = ['train', '--dataset', 'digits', '--block_widths', '8,8', '--num_epochs', '2', '--log_every', '1',
                     '--batch_size', '256', '--sample_every', '1', '--num_inference_steps', '2', '--output_dir', run]
            with subprocess.Popen([sys.executable, '-m', 'mnist_diffusion.cli', *words], stdout=subprocess.DEVNULL,
                                  start_new_session=True) as training:
                try: seen = until(page, lambda s: s['state'] == 'done', 'the end of the run')
                finally: training.terminate()
            assert seen['images'] and seen['picture'] == shown_bytes(page, '.mnist-picture > img, img.mnist-picture')
            assert page.locator('img:visible').count() == 3, 'loss, speed and grid'
            assert 'done' in page.locator('.mnist-status').first.inner_text()


EXPLORE = '''
from mnist_diffusion.explore import app
w = app()
watched(w, images=lambda: summary(w.images), tab=lambda: w.titles[w.selected_index], code=lambda: w.code,
        state=lambda: w.shown.worker.state,
        settings=lambda: {k: v for k,v in w.settings.items() if not hasattr(v, 'shape')})'''


def tab(page, name): page.locator('.mnist-app > .lm-TabBar .lm-TabBar-tab', has_text=name).click()


def visible(page, what): return page.locator(what).locator('visible=true')


@check('explore: the time of the noise process, a sheet of guidance and seed, a morph')
def exploring(browser, shot):
    with voila(EXPLORE) as address, opened(browser, address, shot) as page:
        visible(page, '.mnist-app .mnist-widget').first.wait_for()
        tab(page, 'Noise process')
        half = until(page, lambda s: s['settings'].get('time') == .5, 'the noise process')
        pictures = lambda: [i.get_attribute('src') for i in visible(page, '.mnist-app figure img').all()]
        before = pictures()
        handle = visible(page, '.widget-slider').filter(has_text='Time').locator('.noUi-handle')
        handle.press('Home')
        clean = until(page, lambda s: s['settings'].get('time') == 0, 'time 0')
        assert clean['images'] != half['images'] and len(before) == len(pictures()) > 8 and before != pictures()
        page.screenshot(path=shot.with_name(f'{shot.stem}_noise.png'))

        tab(page, 'Guidance sheet')
        page.get_by_role('button', name='Draw', exact=True).wait_for()
        press(page, 'Draw')
        last = page.get_by_role('button', name='Guidance 8, Seed 4', exact=True)
        last.locator('img').wait_for()
        until(page, lambda s: s['state'] == 'done' and s['images'] and s['images'][0] == 25, 'the sheet')
        last.click()
        chosen = until(page, lambda s: s['settings'].get('seed') == 4, 'the choice')
        assert chosen['settings']['guidance_scale'] == 8 and 'seed=4' in chosen['code']
        assert last.get_attribute('aria-pressed') == 'true'
        page.screenshot(path=shot.with_name(f'{shot.stem}_sheet.png'))
        field = page.get_by_label('Guidance', exact=True).locator('visible=true')
        field.fill('strong')
        field.press('Tab')
        press(page, 'Draw')
        visible(page, '.mnist-error').first.wait_for()
        assert 'strong' in visible(page, '.mnist-error').first.inner_text()

        tab(page, 'Morph')
        page.get_by_role('button', name='Morph', exact=True).wait_for()
        press(page, 'Morph')
        until(page, lambda s: s['tab'] == 'Morph' and s['state'] == 'done' and s['images'][0] == 17, 'the way')
        picture = visible(page, 'img.mnist-picture, .mnist-picture > img').last
        begin = picture.get_attribute('src')
        handle = visible(page, '.widget-slider').filter(has_text='Position').locator('.noUi-handle')
        handle.press('End')
        page.wait_for_function('([e, before]) => e.src != before', arg=[picture.element_handle(), begin])
        visible(page, 'a.mnist-download').wait_for()


@check('mnist-diffusion app: each tab shows its widget')
def app(browser, shot):
    with server(sys.executable, '-m', 'mnist_diffusion.cli', 'app', '--port', '0', '--no-browser') as address:
        with opened(browser, address, shot) as page:
            bar = page.locator('.mnist-app > .lm-TabBar .lm-TabBar-tab')
            bar.first.wait_for()
            names = bar.all_inner_texts()
            for name in names:
                tab(page, name)
                page.get_by_text('one moment').locator('visible=true').wait_for(state='detached')
                visible(page, '.mnist-app .widget-tab-contents button').first.wait_for()
                assert not visible(page, '.mnist-error').count(), visible(page, '.mnist-error').first.inner_text()
                page.screenshot(path=shot.with_name(f'{shot.stem}_{name.lower().replace(" ", "_")}.png'))
            return ', '.join(names)


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
