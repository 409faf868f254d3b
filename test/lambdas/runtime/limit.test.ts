import { describe, expect, it } from 'vitest';
import { runLimited } from '../../../lambdas/runtime/limit.ts';

describe('runLimited', () => {
  it('keeps the order of results and the bound', async () => {
    let [active, most] = [0, 0];
    const results = await runLimited([5, 1, 4, 2, 3], 2, async (item) => {
      active += 1;
      most = Math.max(most, active);
      for (let turn = 0; turn < item; turn += 1) await Promise.resolve();
      active -= 1;
      return item * 10;
    });
    expect(results).toStrictEqual([50, 10, 40, 20, 30]);
    expect(most).toBe(2);
  });

  it('throws only after all that was started has ended, and starts no more', async () => {
    const ended: number[] = [];
    const started: number[] = [];
    const work = runLimited([0, 1, 2, 3], 2, async (item) => {
      started.push(item);
      await new Promise((resolve) => setImmediate(resolve));
      if (item === 0) throw new Error('no');
      await new Promise((resolve) => setImmediate(resolve));
      ended.push(item);
    });
    await expect(work).rejects.toThrow('no');
    expect(ended).toStrictEqual([1]);
    expect(started).toStrictEqual([0, 1]);
  });

  it('does nothing for nothing', async () => {
    expect(await runLimited([], 3, () => Promise.reject(new Error('never')))).toStrictEqual([]);
  });
});
