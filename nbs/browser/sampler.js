// From noise to images along a flow: UniPC of order 2 (2302.04867, algorithms 1 and 2, B(h) = exp(h)-1), as the
// package's chapter on export has it; given images are changed (SDEdit, 2108.01073) or mended (RePaint, 2201.09865) as
// its chapter on editing does.

// Noise levels and the times of n steps, as diffusers' UniPCMultistepScheduler chooses them for a flow.
export function stepsOf(n, known) {
  const T = known.num_train_timesteps, shift = known.scheduler_config.flow_shift ?? 1;
  const sigmas = Array.from({length: n}, (_, k) => {
    const s = 1 + k * ((1 / T - 1) / n), moved = shift * s / (1 + (shift - 1) * s);
    return Math.abs(moved - 1) < 1e-6 ? moved - 1e-6 : moved;
  });
  return {sigmas: Float32Array.from([...sigmas, 0]), times: sigmas.map(s => Math.trunc(s * T))};
}

const logSnr = s => Math.log1p(-s) - Math.log(s);

export class UniPC {
  constructor(sigmas, begin = 0) { this.sigmas = sigmas; this.begin = this.k = begin; this.clean = []; this.order = 1; }
  copy() { return Object.assign(new UniPC(this.sigmas), this, {clean: [...this.clean]}); }

  // The state after this step, and the clean image that the velocity tells.
  step(x, velocity) {
    const {sigmas, k} = this, s = sigmas[k], n = sigmas.length - 1, from = this.from;
    const found = x.map((value, i) => value - s * velocity[i]);
    if (from) x = this.move(from, k - 1, this.order, found);
    this.order = Math.min(2, k - this.begin + 1, n - k);
    this.clean = [...this.clean.slice(-1), found];
    this.from = x;
    this.k++;
    return {x: this.move(x, k, this.order), clean: found};
  }

  // From noise level k to the next; with `found`, the clean image predicted there, the corrector.
  move(x, k, order, found) {
    const s = this.sigmas[k], t = this.sigmas[k + 1], last = this.clean.at(-1), before = this.clean.at(-2);
    const h = logSnr(t) - logSnr(s), b = Math.expm1(-h);
    const r = order === 2 ? (logSnr(this.sigmas[k - 1]) - logSnr(s)) / h : 1;
    const one = (-b / h - 1) / b, rho = (one - 2 * ((b / h + 1) / h - 1 / 2) / b) / (1 - r);
    return x.map((value, i) => {
      const slope = order === 2 ? (before[i] - last[i]) / r : 0;
      let more = order === 2 ? slope / 2 : 0;
      if (found && order === 1) more = (found[i] - last[i]) / 2;
      if (found && order === 2) more = rho * slope + (one - rho) * (found[i] - last[i]);
      return t / s * value - (1 - t) * b * (last[i] + more);
    });
  }
}

// After each step {step, steps, x, clean}. `velocity(x, time)` is asked; all images stand one after the other in x.
// An edit: {image, strength, keep, resamples}: given images in [-1,1], the share of the walk that is redone, 1 where a
// pixel is known (or nothing), and how often each step is taken. `fresh()` gives noise for a step that is taken again.
export async function* walk({sigmas, times}, velocity, noise, edit, fresh) {
  const n = times.length;
  const first = edit ? n - Math.max(Math.round(n * edit.strength), edit.strength > 0 ? 1 : 0) : 0;
  const held = (x, k) => {
    if (!edit?.keep) return x;
    const s = k < n ? sigmas[k] : 0;
    return x.map((value, i) => edit.keep[i] ? (1 - s) * edit.image[i] + s * noise[i] : value);
  };
  const steps = (n - first) * (edit?.resamples ?? 1);
  let x = noise;
  if (first) x = edit.image.map((value, i) => (1 - sigmas[first]) * value + sigmas[first] * noise[i]);
  x = held(x, first);
  yield {step: 0, steps, x, clean: x};
  let solver = new UniPC(sigmas, first), step = 0;
  for (let k = first; k < n; k++) {
    const before = solver;
    for (let turn = 0; turn < (edit?.resamples ?? 1); turn++) {
      if (turn) {
        const s = sigmas[k], t = sigmas[k + 1], ratio = (1 - s) / (1 - t), more = fresh();
        const spread = Math.sqrt(Math.max(s ** 2 - (ratio * t) ** 2, 0));
        x = x.map((value, i) => ratio * value + spread * more[i]);
      }
      solver = before.copy();
      const moved = solver.step(x, await velocity(x, times[k]));
      x = held(moved.x, k + 1);
      yield {step: ++step, steps, x, clean: k + 1 < n ? moved.clean : x};
    }
  }
}
