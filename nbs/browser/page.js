// The page: controls, images, and a canvas. Nothing is fetched from elsewhere, nothing is sent.
import {Model} from './model.js';
import {draw, grey} from './draw.js';
import {Drawing} from './drawing.js';

const by = name => document.getElementById(`mnist-${name}`);
const number = name => Number(by(name).value);
const [form, prompt, stops] = [by('form'), by('prompt'), document.querySelectorAll('.mnist-stop')];
let model, loading, running;        // running: {stopped} of the work that is wanted
let before = Promise.resolve();     // the end of the work that is under way

// What is seen of the work under way, above or beside the canvas
let place = '';
const seen = name => by(place + name);
const say = text => { seen('status').textContent = text; };
const complain = text => { seen('error').textContent = text; if (text) say(''); };

// The model: fetched when somebody touches the page, and not before

function load() {
  loading ??= Model.load((come, of) => {
    seen('progress').value = come / of;
    const [a, b] = [come, of].map(bytes => (bytes / 1e6).toFixed(1));
    say(come < of ? `fetching the model: ${a} of ${b} MB` : 'starting the model');
  }).then(m => { model = m; say('ready'); hint(); return m; },
    e => { loading = undefined; throw e; });            // another press tries again
  return loading;
}

function hint() {
  const words = model?.unknownWords(prompt.value) ?? [];
  const named = words.map(w => `“${w}”`).join(', ');
  by('unknown').textContent = named && `The model does not know ${named}: captions taught it 350 words.`;
}

// Images

function show(x, n, text, done) {
  const {height, width} = model.known.image, size = model.pixels, images = seen('images');
  while (images.children.length > n) images.lastChild.remove();
  while (images.children.length < n) {
    const button = document.createElement('button'), canvas = document.createElement('canvas');
    [button.type, canvas.width, canvas.height] = ['button', width, height];
    button.append(canvas);
    images.append(button);
  }
  const levels = grey(x);
  Array.from(images.children, (button, k) => {
    const data = new ImageData(width, height), own = levels.subarray(k * size, (k + 1) * size);
    own.forEach((v, i) => data.data.set([v, v, v, 255], 4 * i));
    button.firstChild.getContext('2d').putImageData(data, 0, 0);
    button.disabled = !done;
    const what = `Image ${k + 1} of ${n}: ${text || 'no prompt'}`;
    button.setAttribute('aria-label', what + (done ? '; take it to the canvas' : ', unfinished'));
    button.onclick = () => {
      drawing.load(own);
      by('canvas').focus();
    };
  });
}

const painted = () => new Promise(go => document.hidden ? setTimeout(go) : requestAnimationFrame(() => setTimeout(go)));

function start(edit = {}, code = '') {                  // what is asked for last replaces what is under way
  if (running) running.stopped = true;
  const mine = running = {stopped: false}, n = edit.image ? 1 : number('number');
  const [seed, guidance, steps] = ['seed', 'guidance', 'steps'].map(number);
  seen('step').textContent = '';
  say('');
  place = edit.image ? 'edit-' : '';
  complain('');
  say('drawing');
  for (const stop of stops) stop.disabled = false;
  before = before.then(() => work(mine, {prompt: prompt.value, seed, n, guidance, steps, ...edit}, code));
}

async function work(mine, settings, code) {
  const {n, prompt: text} = settings;
  try {
    if (!Number.isInteger(settings.seed) || settings.seed < 0 || settings.seed >= 2 ** 32)
      throw new Error('the seed must be a whole number from 0 to 4294967295');
    await load();
    const began = performance.now();
    for await (const {step, steps, clean} of draw(model, settings)) {
      if (mine.stopped) break;
      show(clean, n, text, step === steps);
      Object.assign(seen('progress'), {max: steps, value: step});
      seen('step').textContent = `step ${step} of ${steps}`;
      await painted();
    }
    if (mine.stopped) { if (running === mine) say('stopped'); return; }
    write(settings, code);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    say(`${n} image${n > 1 ? 's' : ''} in ${seconds} seconds`);
  } catch (e) { if (running === mine) complain(`That did not work: ${e.message ?? e}`); }
  finally { if (running === mine) finished(); }
}

function finished() {
  running = undefined;
  for (const stop of stops) stop.disabled = true;
}

function write(settings, more) {
  const {prompt: text, n, seed, guidance, steps} = settings;
  const given = [JSON.stringify(text), n > 1 && `num_images_per_prompt=${n}`, `seed=${seed}`, more,
    `guidance_scale=${guidance}`, `num_inference_steps=${steps}`, "mixed_precision='no'"];
  by('code').firstChild.textContent = [
    'from mnist_diffusion.text_pipelines import TextToDigitPipeline', 'pipe = TextToDigitPipeline.from_pretrained()',
    more && '# drawing and marks: what the canvas holds, as arrays (28, 28) in [0, 1]',
    `pipe(${given.filter(Boolean).join(', ')})`].filter(Boolean).join('\n');
}

// Drawing and repairing

const drawing = new Drawing(by('canvas'), {
  tool: () => by('tools').querySelector('[aria-pressed=true]').dataset.tool,
  choose, width: () => number('brush'), told: text => { by('cursor').textContent = text; }});

function choose(tool) {
  for (const button of by('tools').children) button.setAttribute('aria-pressed', String(button.dataset.tool === tool));
}

const signed = () => Float32Array.from(drawing.pixels, v => v / 255 * 2 - 1);

by('denoise').onclick = () => {
  const strength = number('strength');
  start({image: signed(), strength}, `image=drawing, strength=${strength}`);
};
by('repair').onclick = () => {
  if (!drawing.marks.some(Boolean)) {
    place = 'edit-';
    return complain('Nothing is marked: choose Mark, and paint over what should be drawn anew.');
  }
  const resamples = number('resamples'), keep = drawing.marks.map(m => 1 - m);
  start({image: signed(), keep, strength: 1, resamples}, `image=drawing, mask_image=marks, num_resamples=${resamples}`);
};

// Controls

for (let k = 0; k < 10; k++) {
  const button = document.createElement('button');
  Object.assign(button, {type: 'button', textContent: k, className: 'btn btn-outline-secondary'});
  button.setAttribute('aria-label', `Draw digit ${k}`);
  button.onclick = () => { prompt.value = `A handwritten digit ${k}`; hint(); start(); };
  by('digits').append(button);
}
for (const name of ['draw', 'denoise', 'repair', 'dice']) by(name).disabled = false;   // until here they did nothing
form.onsubmit = event => { event.preventDefault(); start(); };
prompt.oninput = hint;
for (const stop of stops) stop.onclick = () => { if (running) { running.stopped = true; say('stopping'); } };
by('dice').onclick = () => { by('seed').value = Math.floor(Math.random() * 1e6); };
by('tools').onclick = event => { if (event.target.dataset.tool) choose(event.target.dataset.tool); };
by('clear').onclick = () => drawing.clear();
by('clear-marks').onclick = () => drawing.clearMarks();
for (const output of by('page').querySelectorAll('output')) {
  const input = document.getElementById(output.htmlFor.value), told = () => { output.value = input.value; };
  input.addEventListener('input', told);
  told();
}
Object.assign(globalThis, {mnist: {load, draw, drawing}});   // for whoever would rather type
const touched = () => load().catch(e => complain(`The model did not come: ${e.message ?? e}`));
for (const kind of ['pointerover', 'focusin']) by('page').addEventListener(kind, touched, {once: true});
