// The packaged model in the browser: its parts are fetched once, and run by onnxruntime-web (WebAssembly).

// A file of this folder; `told(bytes)` hears of what has come. What was compressed for the way is unpacked here.
async function fetched(file, told, signal) {
  const answer = await fetch(new URL(file, import.meta.url), {signal});
  if (!answer.ok) throw new Error(`${file} did not come (${answer.status} ${answer.statusText})`.trim());
  const reader = answer.body.getReader(), parts = [];
  for (let part; !(part = await reader.read()).done;) { parts.push(part.value); told(part.value.length); }
  const whole = new Blob(parts), [a, b] = new Uint8Array(await whole.slice(0, 2).arrayBuffer());
  const packed = a === 0x1f && b === 0x8b;             // unless the server has unpacked it
  const stream = packed ? whole.stream().pipeThrough(new DecompressionStream('gzip')) : whole.stream();
  return new Response(stream).arrayBuffer();
}

export class Model {
  // Load all parts; `report(bytes, of)` hears how far it is.
  static async load(report = () => {}, signal) {
    const list = await fetch(new URL('parts.json', import.meta.url), {signal});
    if (!list.ok) throw new Error('this site was built without the model: see "How this page is made"');
    const {parts, runtime} = await list.json();
    const total = parts.reduce((sum, p) => sum + p.bytes, 0);
    let come = 0;
    const told = bytes => report(come += bytes, total);
    const get = name => fetched(`${name}.gz`, told, signal);
    const [wasm, unet, encoder, settings, ort] = await Promise.all([
      get(runtime.wasm), get('unet.onnx'), get('text_encoder.onnx'), get('sampler.json'),
      import(new URL(runtime.script, import.meta.url))]);
    ort.env.wasm.wasmBinary = wasm;
    ort.env.wasm.numThreads = 1;                       // more would need headers that few hosts send
    ort.env.logLevel = 'error';
    const model = new Model();
    model.known = JSON.parse(new TextDecoder().decode(settings));
    model.tensor = (type, data, dims) => new ort.Tensor(type, data, dims);
    const options = {executionProviders: ['wasm']};
    model.encoder = await ort.InferenceSession.create(new Uint8Array(encoder), options);
    model.unet = await ort.InferenceSession.create(new Uint8Array(unet), options);
    model.texts = new Map();
    return model;
  }

  get pixels() { const {channels, height, width} = this.known.image; return channels * height * width; }

  // Words as the tokenizer cuts them: no case, no apostrophes, no punctuation.
  words(text) {
    const plain = text.normalize('NFKC').toLowerCase().replace(/['’]/gu, '');
    return plain.split(/[\s\p{P}!-/:-@[-`{-~]+/u).filter(Boolean);
  }

  unknownWords(text) { return this.words(text).filter(w => !Object.hasOwn(this.known.tokenizer.words, w)); }

  tokens(text) {
    const t = this.known.tokenizer, number = w => Object.hasOwn(t.words, w) ? t.words[w] : t.unknown;
    const ids = this.words(text).slice(0, t.max_length - 2).map(number);
    return [t.start, ...ids, t.end, ...Array(t.max_length).fill(t.pad)].slice(0, t.max_length);
  }

  async hidden(text) {
    if (!this.texts.has(text)) {
      const ids = BigInt64Array.from(this.tokens(text), BigInt);
      const {hidden_states} = await this.encoder.run({input_ids: this.tensor('int64', ids, [1, ids.length])});
      this.texts.set(text, hidden_states.data.slice());
    }
    return this.texts.get(text);
  }

  // What the network answers for n images of a prompt, guided: a function of their states and the time.
  async velocity(prompt, n, guidance) {
    const {channels, height, width} = this.known.image, length = this.known.tokenizer.max_length;
    const given = await this.hidden(prompt), null_ = await this.hidden(''), guided = guidance !== 1;
    const rows = guided ? 2 * n : n, all = new Float32Array(rows * given.length);
    for (let k = 0; k < rows; k++) all.set(guided && k < n ? null_ : given, k * given.length);
    const condition = this.tensor('float32', all, [rows, length, given.length / length]);
    return async (x, time) => {
      const both = new Float32Array(rows * this.pixels);
      for (let k = 0; k < rows / n; k++) both.set(x, k * x.length);
      const {answer} = await this.unet.run({
        sample: this.tensor('float32', both, [rows, channels, height, width]),
        timestep: this.tensor('float32', new Float32Array(rows).fill(time), [rows]),
        encoder_hidden_states: condition});
      const v = answer.data;
      return guided ? x.map((_, i) => v[i] + guidance * (v[i + x.length] - v[i])) : v.slice();
    };
  }
}
