#!/usr/bin/env python3
"""The page "Draw in your browser" (nbs/browser.qmd), served from a folder of this machine, in Chromium: its numbers are
those of PyTorch, and it is used as a person would. Its model and its runtime are made by website/browser_parts.py,
which needs npm, or the runtime in the cache; without them one line says that this was skipped.

usage: browser_page_tests.py [FOLDER [WORD]]      as browser_tests.py
"""
import functools, http.server, re, subprocess, sys, tempfile, threading, time
from contextlib import contextmanager
from pathlib import Path
import browser_tests
from browser_tests import check, drag, opened

ROOT = Path(__file__).resolve().parents[1]
TEXT = 'A handwritten digit 7'
browser_tests.CHECKS.clear()


class Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = {'': 'application/octet-stream', '.html': 'text/html', '.css': 'text/css',
                      '.js': 'text/javascript', '.mjs': 'text/javascript'}
    def log_message(self, *args): pass


@contextmanager
def served(folder):
    "The address of the page in a folder."
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try: yield f'http://127.0.0.1:{server.server_port}/browser.html'
    finally: server.shutdown(); server.server_close()


def write_page(folder):
    "The page without what Quarto puts around it."
    text = (ROOT/'nbs'/'browser.qmd').read_text(encoding='utf-8')
    body = re.search(r'```\{=html\}\n(.*?)```', text, re.S)[1]
    link = re.search(r'<link .*>', text)[0]
    head = ('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="icon" href="data:,"><title>Draw</title>')
    html = f'<!doctype html><html lang="en"><head>{head}{link}</head><body>{body}</body></html>'
    (folder/'browser.html').write_text(html, encoding='utf-8')
    (folder/'browser').mkdir(exist_ok=True)
    for f in (ROOT/'nbs'/'browser').iterdir(): (folder/'browser'/f.name).write_bytes(f.read_bytes())


@functools.cache
def site():
    "A folder with the page and all of its parts, or why they cannot be had."
    folder = Path(tempfile.mkdtemp(prefix='browser_page.'))
    write_page(folder)
    words = [sys.executable, ROOT/'website'/'browser_parts.py', folder, '--strict']
    made = subprocess.run(words, capture_output=True, text=True, timeout=600)
    return folder, '' if made.returncode == 0 else made.stderr.strip().splitlines()[-1]


@functools.cache
def pipeline():
    from diffusers.utils import logging
    from mnist_diffusion.text_pipelines import TextToDigitPipeline
    logging.disable_progress_bar()
    pipe = TextToDigitPipeline.from_pretrained()
    pipe.set_progress_bar_config(disable=True)
    return pipe


def in_python(text=TEXT, **settings):
    "PyTorch's image for the same settings, (N,28,28) in [0,1]."
    return pipeline()(text, mixed_precision='no', output_type='pt', **settings).images[:,0].numpy()


DRAWN = '''async settings => {
  let last;
  for await (last of mnist.draw(await mnist.load(), settings));
  return [...last.x].map(v => Math.min(Math.max(v / 2 + .5, 0), 1));
}'''


def in_browser(page, **settings):
    import numpy as np
    page.wait_for_function('globalThis.mnist')
    return np.array(page.evaluate(DRAWN, settings)).reshape(-1, 28, 28)


def apart(a, b):
    import numpy as np
    assert a.shape == b.shape, (a.shape, b.shape)
    return float(np.abs(a-b).max())


@check('images of the page are those of PyTorch')
def same_numbers(browser, shot):
    import numpy as np, torch
    found = {}
    with served(site()[0]) as address, opened(browser, address, shot) as page:
        noise = torch.randn(2, 1, 28, 28, generator=torch.Generator().manual_seed(5))
        usual = dict(guidance_scale=2.5, num_inference_steps=7)
        ours = in_browser(page, prompt=TEXT, seed=0, n=2, guidance=2.5, steps=7, noise=noise.flatten().tolist())
        found['same noise'] = apart(ours, in_python(num_images_per_prompt=2, latents=noise, **usual))
        strange = [("The digit 'Three', by hand!", 2**31+7), ('ein häßliches kröte 9 😀 one two three four', 0)]
        for text, seed in [(TEXT, 3), *strange]:
            ours = in_browser(page, prompt=text, seed=seed, n=2, guidance=1.4, steps=10)
            wanted = in_python(text, num_images_per_prompt=2, seed=seed, guidance_scale=1.4, num_inference_steps=10)
            found[f'seed {seed}'] = apart(ours, wanted)
        for steps in (1, 2, 13):
            ours = in_browser(page, prompt='', seed=1, guidance=1, steps=steps)
            wanted = in_python('', seed=1, guidance_scale=1, num_inference_steps=steps)
            found[f'{steps} steps, no guidance'] = apart(ours, wanted)
        image = in_python(seed=0)[0]
        given = (np.float32(image)*2-1).flatten().tolist()
        ours = in_browser(page, prompt=TEXT, seed=4, guidance=1.4, steps=10, image=given, strength=.6)
        found['denoised'] = apart(ours, in_python(seed=4, image=image[None], strength=.6))
        keep = np.arange(28*28).reshape(28, 28) % 28 < 14
        ours = in_browser(page, prompt='A handwritten digit 1', seed=4, guidance=1.4, steps=10, image=given,
                          keep=keep.flatten().astype(int).tolist(), strength=1, resamples=2)
        wanted = in_python('A handwritten digit 1', seed=4, image=image[None], mask_image=1.-keep, num_resamples=2)
        found['repaired'] = apart(ours, wanted)
        assert np.abs(ours[0]-image)[keep].max() < 1e-6 < np.abs(ours[0]-image)[~keep].max()
        assert not page.errors, page.errors
    assert max(found.values()) < 1e-3, found      # the least that an 8-bit pixel shows is 4e-3
    return f'at most {max(found.values()):.1e} apart'


def done(page): page.get_by_role('status').filter(has_text=re.compile(r'images? in [\d.]+ seconds')).wait_for()


def levels(page, k=0, where='images'):
    "What an image of the page shows, (28,28) in [0,1]."
    import numpy as np
    script = 'c => [...c.getContext("2d").getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0)'
    return np.array(page.locator(f'#mnist-{where} canvas').nth(k).evaluate(script)).reshape(28, 28)/255


@check('a digit is pressed, stopped, replaced; mistakes are told')
def drawn(browser, shot):
    come = []
    with served(site()[0]) as address, opened(browser, 'about:blank', shot) as page:
        page.on('requestfinished', lambda r: come.append(r.sizes()['responseBodySize']))
        page.goto(address)
        page.wait_for_load_state('networkidle')
        quiet = sum(come)
        begun = time.monotonic()
        page.get_by_label('Images', exact=True).first.select_option('1')
        page.get_by_role('button', name='Draw digit 3', exact=True).click()
        done(page)
        first = time.monotonic()-begun
        wanted = in_python('A handwritten digit 3', seed=0)[0]
        assert apart(levels(page), wanted) < 1.5/255
        assert 'pipe("A handwritten digit 3", seed=0' in page.locator('#mnist-code').inner_text()
        assert sum(come) < 10e6 and quiet < 1e5, (quiet, come)
        begun = time.monotonic()
        page.get_by_role('button', name='Draw', exact=True).first.click()
        done(page)
        second = time.monotonic()-begun
        page.get_by_label('Steps').fill('50')
        page.get_by_label('Images', exact=True).first.select_option('16')
        page.get_by_role('button', name='Draw', exact=True).first.click()
        page.locator('#mnist-step').filter(has_text=re.compile('step [2-9] of 50')).wait_for()
        page.get_by_role('button', name='Stop', exact=True).click()
        page.get_by_role('status').filter(has_text=re.compile('^stopped')).wait_for()
        assert page.get_by_role('button', name='Stop', exact=True).is_disabled()
        page.get_by_label('Steps').fill('10')
        page.get_by_label('Images', exact=True).first.select_option('4')
        page.get_by_label('Prompt').fill('A purple zebra 5')
        page.get_by_text('does not know “zebra”').wait_for()
        page.get_by_label('Prompt').press('Enter')
        page.get_by_role('button', name='Draw digit 8', exact=True).click()     # replaces it
        done(page)
        wanted = in_python('A handwritten digit 8', seed=0, num_images_per_prompt=4)[3]
        assert apart(levels(page, 3), wanted) < 1.5/255
        page.get_by_label('Seed').fill('-1')
        page.evaluate('document.getElementById("mnist-form").noValidate = true')
        page.get_by_role('button', name='Draw', exact=True).first.click()
        page.get_by_role('alert').filter(has_text='the seed must be a whole number').wait_for()
        assert not page.errors, page.errors
    return f'first image {first:.1f} s after the press, {sum(come)/1e6:.1f} MB fetched; another {second:.1f} s'


@check('on a phone: drawn with a finger and with keys, denoised and repaired')
def on_a_phone(browser, shot):
    import numpy as np
    read = lambda: np.array(page.evaluate('[...mnist.drawing.pixels]')).reshape(28, 28)/255
    marks = lambda: np.array(page.evaluate('[...mnist.drawing.marks]')).reshape(28, 28)
    with served(site()[0]) as address, opened(browser, address, shot) as page:
        page.set_viewport_size(dict(width=390, height=844))
        assert page.evaluate('document.documentElement.scrollWidth') <= 390
        page.wait_for_function('globalThis.mnist')
        pad = page.get_by_role('application', name='Drawing canvas')
        drag(page, pad, (.3, .2), (.7, .2), (.45, .8))
        ink = read()
        assert ink[6, 12] > .5 and ink[0].max() == ink[:,0].max() == 0 and 30 < (ink > .5).sum() < 200, ink
        page.get_by_role('button', name='Denoise from here').click()
        done(page)
        wanted = in_python(seed=0, image=np.float32(ink)[None], strength=.6)[0]
        assert apart(levels(page, 0, 'edit-images'), wanted) < 1.5/255
        page.locator('#mnist-edit-images button').first.click()                       # now it is on the canvas
        assert apart(read(), levels(page, 0, 'edit-images')) == 0
        pad.press('m')
        for key in ['ArrowDown', 'Space', *['Shift+ArrowLeft']*6]: pad.press(key)
        assert page.get_by_role('button', name='Mark', exact=True).get_attribute('aria-pressed') == 'true'
        marked, before = marks(), read()
        assert 10 < marked.sum() < 60 and marked[14, 10] == 1
        page.get_by_role('button', name='Repair what is marked').click()
        done(page)
        after = levels(page, 0, 'edit-images')
        edit = dict(image=np.float32(before)[None], mask_image=np.float32(marked)[None], num_resamples=2)
        wanted = in_python(seed=0, **edit)[0]
        assert apart(after[marked == 0], before[marked == 0]) == 0 and apart(after, wanted) < 1.5/255
        page.get_by_role('button', name='Clear marks').click()
        page.get_by_role('button', name='Repair what is marked').click()
        page.get_by_role('alert').filter(has_text='Nothing is marked').wait_for()
        assert page.evaluate('document.documentElement.scrollWidth') <= 390
        nameless = 'e => !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim())'
        for e in page.locator('input, select, button, canvas[tabindex], progress').all():
            assert not e.evaluate(nameless), e.evaluate('e => e.outerHTML')
        assert not page.errors, page.errors


@check('a page without its model says so')
def without_parts(browser, shot):
    with tempfile.TemporaryDirectory() as folder:
        write_page(Path(folder))
        with served(folder) as address, opened(browser, address, shot) as page:
            page.get_by_role('button', name='Draw', exact=True).first.click()
            page.get_by_role('alert').filter(has_text='built without the model').wait_for()
            assert not page.errors, page.errors


if __name__ == '__main__':
    if browser_tests.find_browser() and (why := site()[1]): print(f'skipped browser page: {why}')
    else: sys.exit(browser_tests.main())
