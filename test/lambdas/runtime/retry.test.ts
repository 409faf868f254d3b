import { describe, expect, it } from 'vitest';
import { mayWorkLater, persist, TimeIsUp } from '../../../lambdas/runtime/retry.ts';

const named = (name: string, more: object = {}): Error => Object.assign(new Error(name), { name }, more);

describe('mayWorkLater', () => {
  it('tells what passes from what stays', () => {
    expect(mayWorkLater(named('ThrottlingException', { $fault: 'client' }))).toBe(true);
    expect(mayWorkLater(named('InternalServerError', { $fault: 'server' }))).toBe(true);
    expect(mayWorkLater(named('TimeoutError'))).toBe(true);
    expect(mayWorkLater(named('AccessDeniedException', { $fault: 'client' }))).toBe(false);
    expect(mayWorkLater(new TypeError('a defect'))).toBe(false);
    expect(mayWorkLater('text')).toBe(false);
  });
});

describe('persist', () => {
  const never = new AbortController().signal;

  it('tries until it works and tells of each further try', async () => {
    let [left, told] = [2, 0];
    const work = async (): Promise<string> => {
      if (left-- > 0) throw named('TimeoutError');
      return 'done';
    };
    expect(await persist(work, never, () => (told += 1))).toBe('done');
    expect(told).toBe(2);
  });

  it('gives up on what stays', async () => {
    await expect(persist(() => Promise.reject(new TypeError('no')), never)).rejects.toThrow(TypeError);
  });

  it('stops when the time is up, and says what the last answer was', async () => {
    const controller = new AbortController();
    const last = named('TimeoutError');
    const work = (): Promise<never> => {
      queueMicrotask(() => controller.abort());
      return Promise.reject(last);
    };
    const failure = await persist(work, controller.signal).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TimeIsUp);
    expect(failure).toHaveProperty('cause', last);
    await expect(persist(work, AbortSignal.abort())).rejects.toThrow(TimeIsUp);
  });
});
