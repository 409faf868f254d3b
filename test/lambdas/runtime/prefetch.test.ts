import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefetchPromise, prefetchStream } from '../../../lambdas/runtime/prefetch.ts';

/** A source of numbers that tells what becomes of it. */
const sourceOf = (numbers: readonly number[], fault?: Error) => {
  const told = { asked: 0, closed: false };
  const source = (async function* () {
    try {
      for (const number of numbers) {
        told.asked += 1;
        yield number;
      }
      if (fault !== undefined) throw fault;
    } finally {
      told.closed = true;
    }
  })();
  return { source, told };
};

describe('prefetchStream', () => {
  it('gives what the source gives', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), async (numbers) => {
        const { source, told } = sourceOf(numbers);
        expect(await Array.fromAsync(prefetchStream(source))).toEqual(numbers);
        expect(told.closed).toBe(true);
      }),
    );
  });

  it('begins before it is asked, with one batch', async () => {
    const { source, told } = sourceOf([1, 2, 3]);
    prefetchStream(source);
    await turn();
    expect(told.asked).toBe(1);
  });

  it.each([[[]], [[1, 2]]])('gives a fault after %j to who asks, and to nobody else', async (numbers) => {
    const fault = new Error('gone');
    const unasked = sourceOf(numbers, fault);
    prefetchStream(unasked.source);
    await turn();
    await expect(Array.fromAsync(prefetchStream(sourceOf(numbers, fault).source))).rejects.toBe(fault);
  });

  it('closes the source when the reader goes', async () => {
    const { source, told } = sourceOf([1, 2, 3]);
    for await (const _ of prefetchStream(source)) break;
    expect(told).toEqual({ asked: 1, closed: true });
  });
});

describe('prefetchPromise', () => {
  it('leaves a fault to who asks', async () => {
    const fault = new Error('gone');
    const work = Promise.reject(fault);
    prefetchPromise(work);
    await turn();
    await expect(work).rejects.toBe(fault);
  });
});
