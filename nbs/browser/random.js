// The random numbers of the package, so that a seed draws here what it draws in Python.
// Seeds are mixed as numpy's SeedSequence mixes them (O'Neill's seed_seq_fe, pcg-random.org, 2015), numbers come from a
// Mersenne Twister (Matsumoto and Nishimura 1998) and become normal by Box and Muller's method, in torch's order.

const times = Math.imul;

// One 64-bit number from a few 32-bit words, as [low, high].
export function mixedSeed(words) {
  let factor = 0x43b0d7e5;
  const hashed = value => {
    value ^= factor; factor = times(factor, 0x931e8875); value = times(value, factor);
    return (value ^ value >>> 16) >>> 0;
  };
  const joined = (a, b) => {
    const value = times(0xca01f9dd, a) - times(0x4973f715, b) | 0;
    return (value ^ value >>> 16) >>> 0;
  };
  const pool = [0, 1, 2, 3].map(k => hashed(words[k] ?? 0));
  for (let from = 0; from < 4; from++)
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = joined(pool[to], hashed(pool[from]));
  for (const word of words.slice(4)) for (let to = 0; to < 4; to++) pool[to] = joined(pool[to], hashed(word));
  let constant = 0x8b51f9dd;
  return pool.slice(0, 2).map(value => {
    value ^= constant; constant = times(constant, 0x58f38ded); value = times(value, constant);
    return (value ^ value >>> 16) >>> 0;
  });
}

export function crc32(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let k = 0; k < 8; k++) sum = sum >>> 1 ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

export class Twister {
  constructor(seed) {
    this.state = new Uint32Array(624);
    this.state[0] = seed;
    for (let k = 1; k < 624; k++) {
      const before = this.state[k - 1] ^ this.state[k - 1] >>> 30;
      this.state[k] = times(before, 1812433253) + k;
    }
    this.next = 624;
  }

  word() { // 32 random bits
    const s = this.state;
    if (this.next === 624) {
      for (let k = 0; k < 624; k++) {
        const y = s[k] & 0x80000000 | s[(k + 1) % 624] & 0x7fffffff;
        s[k] = s[(k + 397) % 624] ^ y >>> 1 ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.next = 0;
    }
    let y = s[this.next++];
    y ^= y >>> 11; y ^= y << 7 & 0x9d2c5680; y ^= y << 15 & 0xefc60000;
    return (y ^ y >>> 18) >>> 0;
  }

  normal(n) { // n standard normal numbers; n is a multiple of 16
    const x = Float32Array.from({length: n}, () => (this.word() & 0xffffff) / 0x1000000);
    for (let start = 0; start < n; start += 16)
      for (let k = start; k < start + 8; k++) {
        const radius = Math.sqrt(-2 * Math.log(1 - x[k])), angle = 2 * Math.PI * x[k + 8];
        x[k] = radius * Math.cos(angle);
        x[k + 8] = radius * Math.sin(angle);
      }
    return x;
  }
}

// A text as Python's ascii() writes it.
function ascii(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const hex = (code, digits) => code.toString(16).padStart(digits, '0');
  return quote + Array.from(text, c => {
    const code = c.codePointAt(0);
    if (c === '\\' || c === quote) return '\\' + c;
    if (code > 0xffff) return '\\U' + hex(code, 8);
    if (code > 0xff) return '\\u' + hex(code, 4);
    return code < 32 || code > 126 ? '\\x' + hex(code, 2) : c;
  }).join('') + quote;
}

// The generator of an image: a function of the seed (below 2^32), the prompt, and images of the same one before it.
export function imageGenerator(seed, prompt, place) {
  const plain = prompt.normalize('NFC').split(/\s+/u).filter(Boolean).join(' ');
  const stream = crc32(new TextEncoder().encode(`image of text ${ascii(plain)}`));
  const [low, high] = mixedSeed([seed, place, stream]);
  return new Twister((low >>> 1 | high << 31) >>> 0);
}
