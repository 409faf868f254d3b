/** What the contract says is taken is taken, and what it says is refused is refused. */
import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../contracts/generate-openapi.ts';
import { exportRequest } from '../../contracts/resources/exports.ts';
import { instrumentTypeInput } from '../../contracts/resources/instrument-types.ts';
import { manySeriesQuery } from '../../contracts/resources/series.ts';
import { parseTime } from '../../contracts/time.ts';

const { paths, components } = JSON.parse(JSON.stringify(openApiDocument()));

interface Schema {
  readonly pattern?: string;
  readonly format?: string;
  readonly anyOf?: readonly Schema[];
}

/** By pattern and format alone, which is all that texts of queries have. */
const suits = ({ pattern, format, anyOf }: Schema, text: string): boolean =>
  (pattern === undefined || new RegExp(pattern, 'u').test(text)) &&
  (format !== 'date-time' || parseTime(text) !== undefined) &&
  (anyOf === undefined || anyOf.some((each) => suits(each, text)));

const taken = (query: object): boolean =>
  manySeriesQuery.safeParse({ devices: 'a', from: '0', to: '9000000000000', every: 'PT1H', ...query })
    .success;

describe('a query', () => {
  const schemas = new Map<string, Schema>(
    paths['/v1/series'].get.parameters.map(({ name, schema }: { name: string; schema: Schema }) => [
      name,
      schema,
    ]),
  );
  const many = (count: number): string => Array.from({ length: count }, (_, at) => `c${at}`).join();

  it.each([
    [
      'devices',
      ['a', 'a,b', 'a , b', ' a', 'a,a', many(100), many(101), '', ',', 'a,', 'A', 'a b', '-a', 'a;b'],
    ],
    ['channels', ['temp', 'a.b_c-d,e', many(200), many(201), '', 'a,,b', '1a', 'a.', 'Temp', 'a/b']],
    ['agg', ['mean', 'mean,max', 'p95', 'p99.9,p100', 'p101', 'p', 'median', 'mean,', 'p99.99999', 'Mean']],
    ['quality', ['good', 'good,bad', 'good,good,good', 'good,good,good,good', 'fine', 'good bad', '']],
    [
      'unit',
      ['temp:K', 'temp:K,flow:mL/min', 'temp:[degF]', 'temp', 'temp:', ':K', 'T:K', `temp:${'x'.repeat(33)}`],
    ],
    [
      'from',
      ['0', '1772359200000', '2026-03-01T10:00:00Z', '2026-03-01T10:00:00+01:00', 'now', '-1', '2026-03-01'],
    ],
  ])('has the %s that its pattern describes', (name, texts) => {
    const schema = schemas.get(name);
    if (schema === undefined) throw new Error(`no ${name}`);
    expect(schema.pattern ?? schema.anyOf).toBeDefined();
    for (const text of texts) expect([text, suits(schema, text)]).toEqual([text, taken({ [name]: text })]);
  });

  it('takes the first and the last time that it names, and none beyond', () => {
    const told = JSON.stringify(schemas.get('from'));
    const [, first = '', last = ''] = /from (\d[^ ]+Z) to (\d[^ ]+Z)/.exec(told) ?? [];
    const of = (from: string, to: string): boolean =>
      manySeriesQuery.safeParse({ devices: 'a', from, to }).success;
    expect([first, last].map(parseTime)).not.toContain(undefined);
    expect(of(first, last)).toBe(true);
    const beyond = (text: string, seconds: number): string =>
      new Date(Date.parse(text) + seconds * 1000).toISOString();
    expect(of(beyond(first, -1), last)).toBe(false);
    expect(of(first, beyond(last, 1))).toBe(false);
  });
});

describe('a body', () => {
  const exported = components.schemas.ExportRequest.properties;
  const typed = components.schemas.InstrumentTypeInput.properties.channels;
  const channels = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, { unit: '1' }]));

  it('has unique items where it says so', () => {
    for (const name of ['devices', 'channels']) {
      expect(exported[name]).toMatchObject({ uniqueItems: true });
      const twice = { devices: ['a'], from: '0', [name]: ['a', 'a'] };
      expect(exportRequest.safeParse(twice).success).toBe(false);
    }
  });

  it('has as many channels as it says', () => {
    const { minProperties, maxProperties } = typed;
    const takes = (count: number): boolean =>
      instrumentTypeInput.safeParse({ id: 'a', name: 'A', channels: channels(count) }).success;
    expect([minProperties - 1, minProperties, maxProperties, maxProperties + 1].map(takes)).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

it('tells of a problem code that is too long', () => {
  expect(paths['/v1/problems/{code}'].get.responses).toHaveProperty('400');
});
