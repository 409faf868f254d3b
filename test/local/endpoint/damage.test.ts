/** Damage in the files of a level store that LevelDB itself has written. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crc32c } from '../../../local/endpoint/dynamodb/crc32c.ts';
import { findDamage } from '../../../local/endpoint/dynamodb/damage.ts';
import { Level } from '../../support/level.ts';

let folder: string;
const files = (ending: RegExp): string[] => readdirSync(folder).filter((file) => ending.test(file));
const only = (ending: RegExp): string => {
  const [file, ...more] = files(ending).filter((one) => statSync(join(folder, one)).size > 0);
  if (file === undefined || more.length > 0) throw new Error(`not one file ${ending}`);
  return file;
};

/** Tables that count, and a log of what came after. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'labgate-level-'));
  const store = new Level(folder);
  const put = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at += 1)
      await store.put(`key-${at}`, `${at}-`.repeat(1 + ((at * 37) % 400)));
  };
  await put(0, 2000);
  await store.compactRange('a', 'z');
  await put(2000, 2060);
  await store.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Looks for damage with other bytes in a file. */
const withBytes = <T>(file: string, change: (bytes: Buffer) => Buffer, look: () => T): T => {
  const path = join(folder, file);
  const bytes = readFileSync(path);
  writeFileSync(path, change(Buffer.from(bytes)));
  try {
    return look();
  } finally {
    writeFileSync(path, bytes);
  }
};
const flipped = (file: string, at: number, bit: number) =>
  withBytes(
    file,
    (bytes) => {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      return bytes;
    },
    () => findDamage(folder),
  );

/** Where the length of the last record of a log stands: it may say that the record was torn. */
const lastLength = (log: Buffer): number => {
  let last = 0;
  for (let at = 0; at < log.length; ) {
    const left = 32_768 - (at % 32_768);
    if (left < 7) {
      at += left;
      continue;
    }
    last = at + 4;
    at += 7 + log.readUInt16LE(at + 4);
  }
  return last;
};

describe('CRC-32C', () => {
  it('is that of RFC 3720', () => {
    expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
    expect(crc32c(Buffer.alloc(32)).toString(16)).toBe('8a9136aa');
    expect(crc32c(Buffer.from([...Array(32).keys()])).toString(16)).toBe('46dd794e');
  });
});

describe('a store', () => {
  it('is sound as it was written, and where there is none yet', () => {
    expect(files(/ldb$/).length).toBeGreaterThan(0);
    expect(findDamage(folder)).toEqual([]);
    expect(findDamage(join(folder, 'nothing'))).toEqual([]);
  });

  it.each([/log$/, /^MANIFEST/, /ldb$/])(
    'in which any bit of %s is another is damaged, and names the file',
    (ending) => {
      const file = only(ending);
      const bytes = readFileSync(join(folder, file));
      const length = ending.source === 'ldb$' ? -2 : lastLength(bytes);
      // What a table has between its two handles and its mark is of no use, and without a checksum.
      const unused = ending.source === 'ldb$' ? [bytes.length - 48, bytes.length - 8] : [0, 0];
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
          fc.pre(at !== length && at !== length + 1 && (at < (unused[0] ?? 0) || at >= (unused[1] ?? 0)));
          expect(flipped(file, at, bit)).toMatchObject([{ file: join(folder, file) }]);
        }),
        { numRuns: 100 },
      );
    },
  );

  it('whose last record was torn by a crash is sound', () => {
    const log = only(/log$/);
    const { length } = readFileSync(join(folder, log));
    for (let cut = 1; cut < 1500; cut += 29)
      expect(
        withBytes(
          log,
          (bytes) => bytes.subarray(0, length - cut),
          () => findDamage(folder),
        ),
      ).toEqual([]);
    const blank = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(5000)]);
    expect(withBytes(log, blank, () => findDamage(folder))).toEqual([]);
  });

  it('that lacks a table, or half of one, is damaged', () => {
    const table = only(/ldb$/);
    const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);
    expect(withBytes(table, half, () => findDamage(folder))).toMatchObject([
      { file: join(folder, table), what: expect.stringContaining('bytes, not') },
    ]);
    const gone = () => {
      rmSync(join(folder, table));
      return findDamage(folder);
    };
    expect(withBytes(table, (bytes) => bytes, gone)).toMatchObject([{ what: 'it is missing' }]);
  });

  it('that names no manifest is damaged', () => {
    expect(
      withBytes(
        'CURRENT',
        () => Buffer.from('x'),
        () => findDamage(folder),
      ),
    ).toMatchObject([{ file: join(folder, 'CURRENT') }]);
  });
});
