import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CsvStyle } from '../../../contracts/csv.ts';
import type { Value } from '../../../contracts/messages/message.ts';
import { formatTime } from '../../../contracts/time.ts';
import { csvEncoder } from '../../../series/formats/csv.ts';
import { encoded } from '../../../series/formats/encoder.ts';
import { batches, each, type Row, type Rows, TABLE, textOf } from './sample-table.ts';

const HEAD = 'time,"name, or ""so""",value,count,flag\r\n';
const piecesOf = (page: readonly Rows[]): Promise<Uint8Array[]> =>
  Array.fromAsync(encoded(each(page), csvEncoder(TABLE)));
const rowOf = (value: Row['value'], name = 'x'): Row => ({ time: 0, name, value, count: 1, flag: null });

const cell = (content: Value | null): string => {
  if (content === null) return '';
  if (Object.is(content, -0)) return '-0';
  const plain = String(content);
  return typeof content === 'string' && (plain === '' || /[",\r\n]/.test(plain))
    ? `"${plain.replaceAll('"', '""')}"`
    : plain;
};

describe('CSV', () => {
  it('holds what String writes, quoted as RFC 4180 has it', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (page) => {
        const lines = page
          .flat()
          .map(({ time, name, value, count, flag }) =>
            [formatTime(time), ...[name, value, count, flag].map(cell)].join(','),
          );
        // Through bytes: a lone surrogate is none in UTF-8.
        const whole = Buffer.from(`${HEAD}${lines.map((line) => `${line}\r\n`).join('')}`).toString();
        expect(textOf(await piecesOf(page))).toBe(whole);
      }),
    );
  });

  it('tells an empty text from a value that is missing, and −0 from 0', async () => {
    const page = [[rowOf(''), rowOf(null), rowOf(-0), rowOf(0)], [rowOf('x', '')]];
    const start = '1970-01-01T00:00:00.000Z';
    expect(textOf(await piecesOf(page))).toBe(
      [
        `${HEAD}${start},x,"",1,`,
        `${start},x,,1,`,
        `${start},x,-0,1,`,
        `${start},x,0,1,`,
        `${start},"",x,1,`,
        '',
      ].join('\r\n'),
    );
  });

  it('for spreadsheets has a mark first, and no text that is a formula', async () => {
    const texts = ['=1+1', '+1', '-1', '@A1', '\tx', '\rx', '\nx', '＝1', '"=1"', ' =1', 'a=1', '', "'=1"];
    const page = [[rowOf(-1.5), rowOf(-0), ...texts.map((text) => rowOf(text, text))]];
    const written = async (style?: CsvStyle): Promise<string> =>
      textOf(await Array.fromAsync(encoded(each(page), csvEncoder(TABLE, style))));
    const start = '1970-01-01T00:00:00.000Z';
    const safe = [
      ...["'=1+1", "'+1", "'-1", "'@A1", "'\tx"],
      ...['"\'\rx"', '"\'\nx"', "'＝1", '"""=1"""', ' =1', 'a=1', '""', "'=1"],
    ];
    expect(await written('spreadsheet')).toBe(
      [
        `\uFEFF${HEAD}${start},x,-1.5,1,`,
        `${start},x,-0,1,`,
        ...safe.map((cell) => `${start},${cell},${cell},1,`),
        '',
      ].join('\r\n'),
    );
    expect(await written('plain')).toBe(await written());
    expect(await written()).toContain(`${start},=1+1,=1+1,1,\r\n`);
  });

  it('comes in pieces', async () => {
    const page = [Array.from({ length: 20_000 }, (_, at) => ({ ...rowOf(at), time: at }))];
    const pieces = await piecesOf(page);
    expect(textOf(pieces).split('\r\n')).toHaveLength(20_002);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(140 * 1024);
    expect(pieces.length).toBeGreaterThan(4);
  });
});
