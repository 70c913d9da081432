// A canvas of 28×28 pixels that is painted on with mouse, finger or keys: grey levels, and marks on what to draw anew.
const KEYS = {d: 'draw', e: 'erase', m: 'mark', k: 'keep'};
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

export class Drawing {
  // How: tool() and width() tell what is chosen, choose(tool) chooses, told(text) hears where the keys' cursor is.
  constructor(canvas, how) {
    this.canvas = canvas;
    this.how = how;
    this.side = canvas.width;
    this.pixels = new Uint8ClampedArray(this.side ** 2);
    this.marks = new Uint8Array(this.side ** 2);
    this.cursor = {x: this.side / 2 - .5, y: this.side / 2 - .5};
    canvas.onpointerdown = e => {
      canvas.setPointerCapture(e.pointerId);
      this.keys = false;
      this.stroke(this.last = this.place(e));
    };
    canvas.onpointermove = e => {
      if (!this.last) return;
      const from = this.last;
      this.stroke(this.last = this.place(e), from);
    };
    canvas.onpointerup = canvas.onpointercancel = () => { this.last = undefined; };
    canvas.onkeydown = e => this.key(e);
    canvas.onblur = () => { this.keys = false; this.paint(); };
    this.paint();
  }

  place(event) { // in pixels of the image
    const box = this.canvas.getBoundingClientRect(), scale = this.side / this.canvas.clientWidth;
    return {x: (event.clientX - box.left - this.canvas.clientLeft) * scale - .5,
      y: (event.clientY - box.top - this.canvas.clientTop) * scale - .5};
  }

  // Along a line, a round brush with a soft edge.
  stroke(to, from = to) {
    const tool = this.how.tool(), radius = this.how.width() / 2, dx = to.x - from.x, dy = to.y - from.y;
    for (let y = 0; y < this.side; y++)
      for (let x = 0; x < this.side; x++) {
        const along = Math.min(Math.max(((x - from.x) * dx + (y - from.y) * dy) / (dx * dx + dy * dy || 1), 0), 1);
        const away = Math.hypot(x - from.x - along * dx, y - from.y - along * dy);
        const ink = Math.min(Math.max(radius + .5 - away, 0), 1), i = y * this.side + x;
        if (tool === 'draw') this.pixels[i] = Math.max(this.pixels[i], 255 * ink);
        if (tool === 'erase') this.pixels[i] = Math.min(this.pixels[i], 255 * (1 - ink));
        if (ink >= .5 && tool === 'mark') this.marks[i] = 1;
        if (ink >= .5 && tool === 'keep') this.marks[i] = 0;
      }
    this.paint();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = ARROWS[event.key], tool = KEYS[event.key.toLowerCase()];
    if (!move && !tool && event.key !== ' ') return;
    event.preventDefault();
    this.keys = true;
    const from = {...this.cursor}, within = v => Math.min(Math.max(v, 0), this.side - 1);
    if (tool) this.how.choose(tool);
    if (move) this.cursor = {x: within(from.x + move[0]), y: within(from.y + move[1])};
    if (event.key === ' ') this.stroke(this.cursor);
    else if (move && event.shiftKey) this.stroke(this.cursor, from);
    else this.paint();
    this.how.told(`${this.how.tool()}, column ${Math.round(this.cursor.x) + 1}, row ${Math.round(this.cursor.y) + 1}`);
  }

  paint() { // marks are orange, the keys' cursor is blue
    const data = new ImageData(this.side, this.side);
    const put = (i, ...rgb) => data.data.set([...rgb, 255], 4 * i), {x, y} = this.cursor;
    this.pixels.forEach((v, i) => this.marks[i] ? put(i, 230, 138 + v * .4, v * .6) : put(i, v, v, v));
    if (this.keys) put(Math.round(y) * this.side + Math.round(x), 60, 140, 255);
    this.canvas.getContext('2d').putImageData(data, 0, 0);
  }

  load(levels) { this.pixels.set(levels); this.clearMarks(); }
  clear() { this.pixels.fill(0); this.paint(); }
  clearMarks() { this.marks.fill(0); this.paint(); }
}
