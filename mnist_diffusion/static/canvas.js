// The browser's half of mnist_diffusion.canvas.Canvas: draws, erases, marks, and tells Python after each stroke.
// One module without imports, so that it works wherever notebooks do, also without a network.

const TOOLS = { // name, what it does, and a picture of it
  draw: ['Draw', 'draw with white ink', 'M4 18C8 4 12 24 20 6'],
  erase: ['Erase', 'erase, and mark what was erased for repair', 'M4 14 13 5l7 7-8 8H8zM9 9l7 7'],
  mark: ['Mark', 'mark what is to be redrawn', 'M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4'],
  keep: ['Keep', 'take marks away: what was under them is kept', 'M4 13l5 6L20 5'],
};
const KEYS = {d: 'draw', e: 'erase', m: 'mark', k: 'keep'};
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};
const HELP = 'Arrow keys move the brush, with Shift by four pixels. Hold Space to use it, or press Enter to put it ' +
  'down and lift it. D, E, M and K choose draw, erase, mark and keep; square brackets make the brush narrower and ' +
  'wider. Control Z undoes, Control Y does it again, Delete clears.';
const SOFTNESS = 1.2, WIDEST = 6, HISTORY = 200;

// How much of a pixel the brush covers, at a distance from the stroke's middle: as `coverage` in Python.
export const coverage = (distance, radius) => Math.min(1, Math.max(0, (radius - distance)/SOFTNESS + 0.5));

// One straight piece of a stroke, from (x0,y0) to (x1,y1) in pixels; changes the bytes in place: as `paint` in Python.
export function stroke(pixels, marks, width, height, [x0, y0], [x1, y1], tool, radius) {
  const reach = radius + SOFTNESS/2, dx = x1 - x0, dy = y1 - y0, length2 = dx*dx + dy*dy;
  const lo = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - reach - 1));
  const hi = (a, b, n) => Math.min(n - 1, Math.ceil(Math.max(a, b) + reach + 1));
  for (let row = lo(y0, y1); row <= hi(y0, y1, height); row++) {
    for (let column = lo(x0, x1); column <= hi(x0, x1, width); column++) {
      const px = column + 0.5 - x0, py = row + 0.5 - y0;
      const along = length2 ? Math.min(1, Math.max(0, (px*dx + py*dy)/length2)) : 0;
      const c = coverage(Math.hypot(px - along*dx, py - along*dy), radius), k = row*width + column;
      if (c <= 0) continue;
      if (tool === 'draw') pixels[k] = Math.max(pixels[k], Math.round(255*c));
      if (tool === 'erase') pixels[k] = Math.min(pixels[k], Math.round(255*(1 - c)));
      marks[k] = tool === 'erase' || tool === 'mark' ? 255 : 0;
    }
  }
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function icon(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [name, value] of [['viewBox', '0 0 24 24'], ['aria-hidden', 'true']]) svg.setAttribute(name, value);
  const shape = svg.appendChild(document.createElementNS('http://www.w3.org/2000/svg', 'path'));
  const look = {d: path, fill: 'none', stroke: 'currentColor', 'stroke-width': 2, 'stroke-linecap': 'round'};
  for (const [name, value] of Object.entries(look)) shape.setAttribute(name, value);
  return svg;
}

// The bytes of a trait, as many as there are pixels.
function bytes(model, name) {
  const view = model.get(name), n = model.get('width')*model.get('height');
  if (!view || view.byteLength !== n) return new Uint8Array(n);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
}

const same = (a, b) => a.length === b.length && a.every((value, k) => value === b[k]);

// What is drawn and marked, with its past; `changed` is told of every change, `push` sends it to Python.
class Drawing {
  constructor(model, changed) {
    Object.assign(this, {model, changed, past: [], future: []});
    this.read();
  }
  get width() { return this.model.get('width'); }
  get height() { return this.model.get('height'); }
  get tool() { return this.model.get('tool'); }
  get radius() { return this.model.get('radii')[this.tool]; }
  get state() { return {pixels: this.pixels.slice(), marks: this.marks.slice()}; }
  read() { this.pixels = bytes(this.model, 'pixels'); this.marks = bytes(this.model, 'marks'); }
  remember() {
    this.past = [...this.past.slice(1 - HISTORY), this.state];
    this.future = [];
  }
  pull() { // Python has set an image or marks
    if (this.pushing) return;
    const pixels = bytes(this.model, 'pixels'), marks = bytes(this.model, 'marks');
    if (same(pixels, this.pixels) && same(marks, this.marks)) return;
    this.remember();
    Object.assign(this, {pixels, marks});
    this.changed();
  }
  push() {
    this.changed();
    this.pushing = true;
    for (const name of ['pixels', 'marks']) this.model.set(name, new DataView(this[name].slice().buffer));
    this.pushing = false;
    this.model.save_changes();
  }
  line(from, to, tool = this.tool) {
    stroke(this.pixels, this.marks, this.width, this.height, from, to, tool, this.model.get('radii')[tool]);
    this.changed();
  }
  go(from, to) { // one step through the past
    if (!from.length) return false;
    to.push(this.state);
    Object.assign(this, from.pop());
    this.push();
    return true;
  }
  undo() { return this.go(this.past, this.future); }
  redo() { return this.go(this.future, this.past); }
  empty(...names) {
    this.remember();
    for (const name of names) this[name] = new Uint8Array(this.width*this.height);
    this.push();
  }
  choose(tool) { this.model.set('tool', tool); this.model.save_changes(); }
  widen(radius) {
    const rounded = Math.round(10*Math.min(WIDEST, Math.max(0.5, radius)))/10;
    this.model.set('radii', {...this.model.get('radii'), [this.tool]: rounded});
    this.model.save_changes();
  }
}

// The drawing on a canvas element, with marks and the brush over it.
function paint(canvas, drawing, brush) {
  const {width, height, pixels, marks} = drawing, context = canvas.getContext('2d');
  const scale = canvas.width/width, small = paint.small ??= document.createElement('canvas');
  Object.assign(small, {width, height});
  const grey = new ImageData(width, height);
  pixels.forEach((p, k) => grey.data.set([p, p, p, 255], 4*k));
  small.getContext('2d').putImageData(grey, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  const marked = (column, row) => column >= 0 && column < width && marks[row*width + column]; // beyond rows: undefined
  context.fillStyle = 'rgba(255, 122, 0, 0.42)';
  context.strokeStyle = '#ff9a3c';
  context.lineWidth = Math.max(1.5, scale/7);
  context.beginPath();
  for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) {
    if (!marked(column, row)) continue;
    const [x, y] = [column*scale, row*scale];
    context.fillRect(x, y, scale, scale);
    if (!marked(column - 1, row)) { context.moveTo(x, y); context.lineTo(x, y + scale); }
    if (!marked(column + 1, row)) { context.moveTo(x + scale, y); context.lineTo(x + scale, y + scale); }
    if (!marked(column, row - 1)) { context.moveTo(x, y); context.lineTo(x + scale, y); }
    if (!marked(column, row + 1)) { context.moveTo(x, y + scale); context.lineTo(x + scale, y + scale); }
  }
  context.stroke();
  if (!brush) return;
  for (const [colour, dash] of [['#000', []], ['#fff', [4, 4]]]) {
    context.strokeStyle = colour;
    context.setLineDash(dash);
    context.lineWidth = 2*(window.devicePixelRatio || 1);
    context.beginPath();
    context.arc(brush[0]*scale, brush[1]*scale, drawing.radius*scale, 0, 2*Math.PI);
    context.stroke();
  }
  context.setLineDash([]);
}

// Mouse, touch and pen; a pen's other end erases.
function pointer(canvas, drawing, brush) {
  let last = null;
  const place = event => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left)/box.width*drawing.width, (event.clientY - box.top)/box.height*drawing.height];
  };
  const tool = event => event.buttons & 32 ? 'erase' : drawing.tool;
  canvas.addEventListener('pointerdown', event => {
    if (event.button !== 0 && event.button !== 5) return;
    event.preventDefault();
    canvas.focus({preventScroll: true});
    canvas.setPointerCapture(event.pointerId);
    drawing.remember();
    brush.at = last = place(event);
    drawing.line(last, last, tool(event));
  });
  canvas.addEventListener('pointermove', event => {
    brush.at = place(event);
    if (!last) return drawing.changed();
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) {
      const to = place(move);
      drawing.line(last, to, tool(event));
      last = to;
    }
  });
  const end = () => { if (last) { last = null; drawing.push(); } };
  for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) canvas.addEventListener(name, end);
  canvas.addEventListener('pointerleave', () => { if (!last) { brush.at = null; drawing.changed(); } });
}

// The same with keys.
function keyboard(canvas, drawing, brush, say) {
  let down = false, held = false;
  const at = () => brush.at ?? (brush.at = [drawing.width/2, drawing.height/2]);
  const where = () => {
    const [column, row] = at().map(Math.floor), k = row*drawing.width + column;
    const ink = Math.round(drawing.pixels[k]/2.55);
    const more = `${drawing.marks[k] ? ', marked' : ''}${down ? ', brush down' : ''}`;
    say(`row ${row + 1}, column ${column + 1}: ink ${ink} %${more}`);
  };
  const lower = () => { down = true; drawing.remember(); drawing.line(at(), at()); where(); };
  const lift = () => { if (down) { down = held = false; drawing.push(); where(); } };
  const move = ([dx, dy], far) => {
    const from = at(), inside = (value, n) => Math.min(n - 0.5, Math.max(0.5, value));
    brush.at = [inside(from[0] + far*dx, drawing.width), inside(from[1] + far*dy, drawing.height)];
    if (down) drawing.line(from, brush.at);
    drawing.changed();
    where();
  };
  const choose = key => { drawing.choose(KEYS[key]); say(TOOLS[KEYS[key]][1]); };
  const act = event => {
    const key = event.key, small = key.toLowerCase(), command = event.ctrlKey || event.metaKey;
    if (command && small === 'z') say((event.shiftKey ? drawing.redo() : drawing.undo()) ? 'done' : 'nothing to undo');
    else if (command && small === 'y') say(drawing.redo() ? 'done again' : 'nothing to do again');
    else if (command || event.altKey) return false;
    else if (ARROWS[key]) move(ARROWS[key], event.shiftKey ? 4 : 1);
    else if (key === ' ') { if (!event.repeat && !down) { held = true; lower(); } }
    else if (key === 'Enter') { if (!event.repeat) down ? lift() : lower(); }
    else if (KEYS[small]) choose(small);
    else if (key === '[' || key === ']') drawing.widen(drawing.radius + (key === ']' ? 0.3 : -0.3));
    else if (key === 'Delete') { drawing.empty('pixels', 'marks'); say('cleared'); }
    else return false;
    return true;
  };
  canvas.addEventListener('keydown', event => {
    if (act(event)) { event.preventDefault(); event.stopPropagation(); }
  });
  canvas.addEventListener('keyup', event => { if (event.key === ' ' && held) lift(); });
  canvas.addEventListener('blur', () => { lift(); brush.at = null; drawing.changed(); });
}

// Tools, the brush's width, and what acts on the whole drawing.
function toolbar(model, drawing, say) {
  const button = (name, title, act) => {
    const made = element('button', {type: 'button', title}, name);
    made.addEventListener('click', act);
    return made;
  };
  const tools = Object.entries(TOOLS).map(([tool, [name, title, path]]) => {
    const made = button(name, title, () => { drawing.choose(tool); say(title); });
    made.prepend(icon(path));
    made.dataset.tool = tool;
    return made;
  });
  const range = {type: 'range', min: 1, max: 2*WIDEST, step: 0.2, 'aria-label': 'Brush width in pixels'};
  const width = element('input', range), name = element('span', {'aria-hidden': 'true'}, 'Brush');
  width.addEventListener('input', () => drawing.widen(width.value/2));
  const shown = element('span', {class: 'mnist-canvas-width', 'aria-hidden': 'true'});
  const undo = button('Undo', 'undo the last stroke (Ctrl+Z)', () => drawing.undo());
  const redo = button('Redo', 'do it again (Ctrl+Y)', () => drawing.redo());
  const clear = button('Clear', 'clear the drawing and its marks', () => drawing.empty('pixels', 'marks'));
  const unmark = button('Keep all', 'take all marks away; the drawing stays', () => drawing.empty('marks'));
  const refresh = () => {
    for (const b of tools) b.setAttribute('aria-pressed', b.dataset.tool === drawing.tool);
    width.value = 2*drawing.radius;
    width.setAttribute('aria-valuetext', `${width.value} pixels`);
    shown.textContent = `${(2*drawing.radius).toFixed(1)} px`;
    undo.disabled = !drawing.past.length;
    redo.disabled = !drawing.future.length;
    clear.disabled = ![drawing.pixels, drawing.marks].some(part => part.some(Boolean));
    unmark.disabled = !drawing.marks.some(Boolean);
  };
  const row = (label, ...children) =>
    element('div', {role: 'group', 'aria-label': label, class: 'mnist-canvas-row'}, ...children);
  const parts = [row('Drawing tools', ...tools),
                 row('Brush width', name, width, shown),
                 row('Drawing', undo, redo, clear, unmark)];
  return {parts, refresh};
}

function render({model, el}) {
  const status = element('div', {role: 'status', class: 'mnist-canvas-hidden'});
  const say = text => { status.textContent = text; };
  const id = `mnist-canvas-${Math.random().toString(36).slice(2)}`;
  const help = element('div', {class: 'mnist-canvas-hidden', id}, HELP);
  const canvas = element('canvas', {tabindex: 0, role: 'application', 'aria-roledescription': 'drawing canvas',
                                    'aria-label': model.get('label'), 'aria-describedby': id});
  const brush = {at: null}, drawing = new Drawing(model, () => schedule());
  const {parts: [tools, width, whole], refresh} = toolbar(model, drawing, say);
  let asked = 0;
  const show = () => { asked = 0; paint(canvas, drawing, brush.at); refresh(); };
  const schedule = () => { asked ||= requestAnimationFrame(show); };
  pointer(canvas, drawing, brush);
  keyboard(canvas, drawing, brush, say);
  canvas.style.aspectRatio = `${drawing.width} / ${drawing.height}`;
  const fit = new ResizeObserver(() => { // as many dots as the screen has, a whole number for each pixel
    const dots = Math.max(1, Math.round(canvas.clientWidth*(window.devicePixelRatio || 1)/drawing.width));
    Object.assign(canvas, {width: dots*drawing.width, height: dots*drawing.height});
    schedule();
  });
  fit.observe(canvas);
  // JupyterLab's shortcuts (m, d d, z …) stay away from here
  const all = {class: 'mnist-canvas', 'data-lm-suppress-shortcuts': 'true'};
  el.append(element('div', all, tools, canvas, width, whole, help, status));
  const pull = () => drawing.pull(), relabel = () => canvas.setAttribute('aria-label', model.get('label'));
  const events = {'change:pixels': pull, 'change:marks': pull, 'change:tool': schedule, 'change:radii': schedule,
                  'change:label': relabel};
  for (const [name, f] of Object.entries(events)) model.on(name, f);
  schedule();
  return () => {
    fit.disconnect();
    for (const [name, f] of Object.entries(events)) model.off(name, f);
  };
}

export default {render};
