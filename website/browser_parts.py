#!/usr/bin/env python3
"""The parts of the page "Draw in your browser" that are not kept in the repository: the packaged model as ONNX graphs
(made here, as `mnist-diffusion export` does), and onnxruntime-web, which runs them (one version, from npm, compared
with the hash that is written below). They are compressed for the way; parts.json lists them.

Quarto runs it in _proc before it renders (`pre-render` in _quarto.yml). Where something is missing, it says so in a
line, and the page tells its readers.

usage: browser_parts.py [FOLDER] [--strict]     FOLDER: the site's sources; default: the working directory
                                                --strict: exit status 1 where something is missing
"""
import base64, gzip, hashlib, json, os, shutil, subprocess, sys, tarfile, tempfile
from pathlib import Path

VERSION = '1.30.0'
INTEGRITY = 'sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=='
SCRIPT, WASM = 'ort.wasm.bundle.min.mjs', 'ort-wasm-simd-threaded.wasm'    # one script, no GPU


def cache(): return Path(os.environ.get('MNIST_DIFFUSION_CACHE') or '~/.cache/mnist_diffusion').expanduser()


def intact(path): return 'sha512-' + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode() == INTEGRITY


def package():
    "onnxruntime-web as npm has it; from the cache after the first time. RuntimeError where it cannot be had."
    name = f'onnxruntime-web-{VERSION}.tgz'
    kept = cache()/name
    if kept.is_file() and intact(kept): return kept
    if not shutil.which('npm'): raise RuntimeError(f'npm is not installed, and {name} is not in {cache()}')
    with tempfile.TemporaryDirectory() as folder:
        words = ['npm', 'pack', f'onnxruntime-web@{VERSION}', '--pack-destination', folder, '--silent']
        done = subprocess.run(words, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        if done.returncode: raise RuntimeError(f'npm cannot fetch it ({(done.stderr.strip() or "no answer")[:200]})')
        if not intact(Path(folder)/name): raise RuntimeError(f'{name} is not what its hash says; nothing of it is used')
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(folder)/name, f'{kept}.tmp{os.getpid()}')
        os.replace(f'{kept}.tmp{os.getpid()}', kept)
    return kept


def runtime():
    "Names and contents of the two files of onnxruntime-web that are needed."
    with tarfile.open(package()) as tar:
        return {name: tar.extractfile(f'package/dist/{name}').read() for name in (SCRIPT, WASM)}


def model():
    "Names and contents of the packaged model's graphs and settings. RuntimeError where they cannot be made."
    try:
        from mnist_diffusion.export import export_pipeline
        from mnist_diffusion.flags import check_export
        from mnist_diffusion.text_pipelines import TextToDigitPipeline
        check_export()
    except (ImportError, ValueError) as e: raise RuntimeError(str(e)) from None
    with tempfile.TemporaryDirectory() as folder:
        export_pipeline(TextToDigitPipeline.from_pretrained(), folder, half=True)   # its weights are in half precision
        return {f.name: f.read_bytes() for f in Path(folder).iterdir()}


def main():
    words = [w for w in sys.argv[1:] if w != '--strict']
    folder = Path(words[0] if words else '.')/'browser'
    if (folder/'parts.json').exists(): return
    try: files = runtime() | model()
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
        print(f'browser_parts.py: "Draw in your browser" is built without its model: {e}', file=sys.stderr)
        sys.exit('--strict' in sys.argv)
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for name, content in files.items():
        if name == SCRIPT: (folder/name).write_bytes(content); continue
        packed = gzip.compress(content, 9, mtime=0)
        (folder/f'{name}.gz').write_bytes(packed)
        parts.append(dict(name=name, bytes=len(packed)))
    told = dict(runtime=dict(version=VERSION, script=SCRIPT, wasm=WASM), parts=parts)
    (folder/'parts.json').write_text(json.dumps(told, indent=1))
    total = sum(p['bytes'] for p in parts) + len(files[SCRIPT])
    print(f'browser_parts.py: onnxruntime-web {VERSION} and the packaged model, {total/1e6:.1f} MB')


if __name__ == '__main__': main()
