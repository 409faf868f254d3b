import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { defaultProvider } from '../../../lambdas/runtime/credentials.ts';
import { digest } from '../../../lambdas/runtime/digest.ts';
import { readEnv } from '../../../lambdas/runtime/env.ts';
import { readCursor, writeCursor } from '../../../lambdas/runtime/http/cursor.ts';
import { ProblemError } from '../../../lambdas/runtime/http/problem.ts';
import { createLogger } from '../../../lambdas/runtime/logger.ts';
import { once } from '../../../lambdas/runtime/once.ts';
import { brokerRoots } from '../../../lambdas/runtime/trust.ts';
import { askAll } from '../../../lambdas/store/probes.ts';

describe('environment', () => {
  it('names every variable that is missing or wrong, and no value', () => {
    const read = () =>
      readEnv(['REGISTRY_TABLE', 'STREAM_NAME', 'DEVICE_POLICY'], {
        REGISTRY_TABLE: 'xy',
        DEVICE_POLICY: 'p',
      });
    expect(read).toThrow(/REGISTRY_TABLE.*STREAM_NAME/);
    expect(read).not.toThrow(/DEVICE_POLICY|xy/);
  });

  it('takes an empty variable for an absent one', () => {
    expect(() => readEnv(['THING_TYPE'], { THING_TYPE: '' })).toThrow(/THING_TYPE/);
  });
});

describe('the logger', () => {
  it('has the level of the settings, whatever the filter of Lambda lets pass', () => {
    vi.stubEnv('AWS_LAMBDA_LOG_LEVEL', 'INFO');
    vi.stubEnv('LOG_LEVEL', 'WARN');
    expect(createLogger().getLevelName()).toBe('WARN');
    vi.unstubAllEnvs();
  });
});

describe('credentials', () => {
  const withEnv = async (
    values: Record<string, string | undefined>,
    run: () => Promise<void>,
  ): Promise<void> => {
    const before = { ...process.env };
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    try {
      await run();
    } finally {
      process.env = before;
    }
  };

  it('come out of the environment', async () => {
    const given = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'c' };
    await withEnv(given, async () =>
      expect(await defaultProvider()()).toEqual({
        accessKeyId: 'a',
        secretAccessKey: 'b',
        sessionToken: 'c',
      }),
    );
    await withEnv({ ...given, AWS_SESSION_TOKEN: undefined }, async () =>
      expect(await defaultProvider()()).toEqual({ accessKeyId: 'a', secretAccessKey: 'b' }),
    );
    await withEnv({ AWS_ACCESS_KEY_ID: undefined }, async () => {
      await expect(defaultProvider()()).rejects.toThrow('no AWS credentials');
    });
  });
});

describe('roots of the broker', () => {
  it('are those of Amazon that Node ships', async () => {
    const bundle = await brokerRoots('');
    expect(bundle.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThanOrEqual(4);
  });

  it('are those of a private broker where Node is told of them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roots-'));
    try {
      const file = join(folder, 'ca.pem');
      writeFileSync(file, 'private root');
      expect(await brokerRoots(file)).toBe('private root');
      await expect(brokerRoots(join(folder, 'none.pem'))).rejects.toThrow('ENOENT');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('once', () => {
  it('reads once, and again after a fault', async () => {
    let reads = 0;
    const read = once(async () => {
      reads += 1;
      if (reads === 1) throw new Error('not yet');
      return reads;
    });
    await expect(read()).rejects.toThrow('not yet');
    expect(await Promise.all([read(), read()])).toEqual([2, 2]);
    expect(await read()).toBe(2);
  });
});

describe('digest', () => {
  it('is the same however members are ordered, and another for another value', () => {
    expect(digest({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(digest({ b: { c: [1, 2] }, a: 1 }));
    expect(digest({ a: [1, 2] })).not.toBe(digest({ a: [2, 1] }));
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        const same = JSON.stringify(left) === JSON.stringify(right);
        if (same) expect(digest(left)).toBe(digest(right));
      }),
    );
  });
});

describe('cursor', () => {
  it('leads on with the query it came from, and with no other', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (query, position) => {
        const cursor = writeCursor(query, position);
        expect(readCursor(cursor, query, z.string())).toBe(position);
        expect(() => readCursor(cursor, [query], z.string())).toThrow(ProblemError);
        expect(() => readCursor(cursor, query, z.number())).toThrow(ProblemError);
      }),
    );
  });

  it('is refused when it is broken', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => readCursor(text, 'query', z.unknown())).toThrow(ProblemError);
      }),
    );
  });
});

describe('askAll', () => {
  it('waits for nobody longer than the limit, and asks all at once', async () => {
    const faults: string[] = [];
    let asked = 0;
    const slow = async (signal: AbortSignal): Promise<void> => {
      asked += 1;
      await new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const verdicts = await askAll({ a: slow, b: slow, c: async () => undefined }, 20, (name) =>
      faults.push(name),
    );
    expect(asked).toBe(2);
    expect(faults.sort()).toEqual(['a', 'b']);
    expect(verdicts).toMatchObject([
      { name: 'a', status: 'failing', detail: 'TimeoutError' },
      { name: 'b', status: 'failing', detail: 'TimeoutError' },
      { name: 'c', status: 'ok' },
    ]);
  });
});
