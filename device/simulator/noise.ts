/**
 * Randomness that can be asked for any moment: a value depends on seed, stream and index alone, never on what was
 * asked before. So a signal is the same whatever the interval and the start.
 */

const mix = (value: number): number => {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

const combine = (left: number, right: number): number => mix((left ^ Math.imul(right, 0x9e3779b1)) >>> 0);

const hashText = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash >>> 0);
};

/** Random numbers of a seed, by stream and index. */
export class Noise {
  private readonly seed: number;

  /** @param path what the noise is of: seed, device, purpose */
  constructor(...path: readonly (string | number)[]) {
    this.seed = path.reduce<number>((hash, part) => combine(hash, hashText(String(part))), 0x1abe1);
  }

  /** Uniform in [0, 1). */
  uniform(stream: string, index = 0): number {
    const low = index >>> 0;
    const high = Math.floor(index / 2 ** 32) | 0;
    return combine(combine(combine(this.seed, hashText(stream)), low), high) / 2 ** 32;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number, stream: string, index = 0): number {
    return from + (to - from) * this.uniform(stream, index);
  }

  /** One of several. */
  pick<T>(choices: readonly [T, ...T[]], stream: string, index = 0): T {
    return choices[Math.floor(this.uniform(stream, index) * choices.length)] ?? choices[0];
  }

  /** Standard normal, by Box and Muller. */
  normal(stream: string, index: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform(`${stream}/r`, index)));
    return radius * Math.cos(2 * Math.PI * this.uniform(`${stream}/a`, index));
  }

  /**
   * Correlated noise of unit strength: normal values every `scale`, joined smoothly. It stands in for a first-order
   * autoregressive process, which can only be had step by step.
   */
  wander(stream: string, time: number, scale: number): number {
    const place = time / scale;
    const index = Math.floor(place);
    const part = place - index;
    const weight = part * part * (3 - 2 * part);
    return this.normal(stream, index) * (1 - weight) + this.normal(stream, index + 1) * weight;
  }
}

/** Rounds to the resolution of an instrument, without binary crumbs. */
export const toResolution = (value: number, resolution: number): number => {
  const digits = Math.max(0, -Math.floor(Math.log10(resolution)));
  return Number((Math.round(value / resolution) * resolution).toFixed(digits));
};

/** The nearest number in `[min, max]`. */
export const clamp = (value: number, min: number, max: number): number => Math.min(max, Math.max(min, value));
