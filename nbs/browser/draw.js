// What the page and its test call: images of a prompt, step by step.
import {imageGenerator} from './random.js';
import {stepsOf, walk} from './sampler.js';

// After each step {step, steps, x, clean}: states and clean images in [-1,1], n images one after the other.
// settings: prompt, seed, n, guidance, steps; image, keep, strength, resamples to change or mend an image; noise.
export async function* draw(model, settings) {
  const {prompt, seed, n = 1, guidance, steps, image, keep, strength, resamples = 1} = settings;
  const size = model.pixels, generators = Array.from({length: n}, (_, k) => imageGenerator(seed, prompt, k));
  const fresh = () => {
    const all = new Float32Array(n * size);
    generators.forEach((g, k) => all.set(g.normal(size), k * size));
    return all;
  };
  const repeated = x => x && Float32Array.from({length: n * size}, (_, i) => x[i % size]);
  const edit = image && {image: repeated(image), keep: repeated(keep), strength, resamples};
  const velocity = await model.velocity(prompt, n, guidance), drawn = fresh();
  yield* walk(stepsOf(steps, model.known), velocity, settings.noise ?? drawn, edit, fresh);
}

// Values in [-1,1] as grey levels, 0 to 255.
export const grey = x => Uint8ClampedArray.from(x, value => Math.round((value / 2 + .5) * 255));
