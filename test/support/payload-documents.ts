/** JSON documents for properties: valid ones of each format, and ones with something wrong. */
import fc from 'fast-check';
import { QUALITIES, qualityName } from '../../contracts/quality.ts';

const BASE = Date.UTC(2026, 2, 1, 10);
const channel = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('temp', 'humidity', 'ph', 'chamber.temp') },
  { weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);
const millis = fc.integer({ min: 0, max: 3_600_000 }).map((offset) => BASE + offset);
const time = fc.oneof(
  millis.map((at) => new Date(at).toISOString()),
  millis,
  millis.map((at) => at + 0.125),
  millis.map((at) => `${new Date(at).toISOString().slice(0, 19)}.123456+02:00`),
  fc.constantFrom('2026-12-31T23:59:60Z', '2026-03-01t10:00:00z', '1969-12-31T23:59:59Z'),
);
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const value = fc.oneof(
  { weight: 4, arbitrary: number },
  fc.integer(),
  fc.boolean(),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const quality = fc.oneof(
  fc.constantFrom(...QUALITIES.map((_, place) => qualityName(place))),
  fc.constantFrom(0, 0x80ab0000, 0x40930000),
);
const facts = fc.record(
  {
    firmware: fc.string({ maxLength: 20 }),
    mac: fc.constant('02:00:5e:10:00:ff'),
    ip: fc.constantFrom('10.0.0.7', 'fe80::1'),
    location: fc.string({ maxLength: 20 }),
    latitude: fc.double({ min: -90, max: 90, noNaN: true }),
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    rack: fc.string({ maxLength: 5 }),
  },
  { requiredKeys: [] },
);
const identity = fc.oneof(
  fc.constant({}),
  fc.constant({ session: 's-1' }),
  fc.record({ session: fc.constant('s-1'), seq: fc.nat(), ack: fc.boolean() }),
);
const header = fc
  .record({ sent: time, device: facts }, { requiredKeys: [] })
  .chain((rest) => identity.map((known) => ({ v: 1, ...known, ...rest })));

export const rowsDocument = fc
  .record({
    header,
    data: fc.array(
      fc.record(
        { n: channel, t: time, v: value, u: fc.constantFrom('Cel', '%'), q: quality },
        { requiredKeys: ['n', 't', 'v'] },
      ),
      { maxLength: 12 },
    ),
  })
  .map(({ header: head, data }) => ({ ...head, data }) as unknown);

export const columnsDocument = fc
  .record({ header, length: fc.nat(5), names: fc.uniqueArray(channel, { maxLength: 4 }) })
  .chain(({ header: head, length, names }) => {
    const exactly = { minLength: length, maxLength: length };
    const block = fc.record(
      { u: fc.constantFrom('Cel', '%'), v: fc.array(value, exactly), q: fc.array(quality, exactly) },
      { requiredKeys: ['v'] },
    );
    return fc
      .record({
        t: fc.array(time, exactly),
        blocks: fc.array(block, { minLength: names.length, maxLength: names.length }),
      })
      .map(({ t, blocks }): unknown => ({
        ...head,
        t,
        c: Object.fromEntries(names.map((name, at) => [name, blocks[at]])),
      }));
  });

const seconds = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  millis.map((at) => at / 1000),
);
const measured = fc.oneof(
  fc.record({ v: number }),
  fc.record({ vs: fc.string({ maxLength: 10 }) }),
  fc.record({ vb: fc.boolean() }),
  fc.record({ v: number, s: fc.integer() }),
  fc.record({ s: fc.integer() }),
  fc.constant({}),
);
export const senmlDocument = fc
  .array(
    fc
      .tuple(
        fc.record(
          {
            bn: fc.constantFrom('urn:dev:ow:10e2073a01080063:', 'lab/', 'x'),
            bt: seconds,
            bu: fc.constantFrom('Cel', '%RH'),
            bv: fc.integer(),
            bs: fc.integer(),
            bver: fc.constantFrom(5, 10),
            n: fc.constantFrom('temp', 'a/b', 'Voltage', ''),
            u: fc.constantFrom('Cel', 'pH'),
            t: seconds,
            ut: fc.nat(),
            note: fc.string(),
          },
          { requiredKeys: [] },
        ),
        measured,
      )
      .map(([record, measurement]) => ({ ...record, ...measurement })),
    { minLength: 1, maxLength: 8 },
  )
  .map((pack): unknown => pack);

const WRONG: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e300,
  2 ** 53,
  '',
  'x',
  'NaN',
  '2026-13-01T00:00:00Z',
  '2026-03-01',
  [],
  {},
  [[]],
  'é'.repeat(129),
  'x'.repeat(257),
  '\ud800',
  'good',
  'bad/none',
  5,
  1,
  4294967296,
  1772359200000,
  'a b',
  'vb_',
];
const NAMES = [
  'v',
  'session',
  'seq',
  'sent',
  'ack',
  'device',
  'data',
  't',
  'c',
  'n',
  'u',
  'q',
  'bn',
  'bt',
  'bver',
  'vs',
  'vb',
  'vd',
  's',
  'x_',
  'ip',
  'mac',
  'constructor',
];

type Edit = { readonly pick: number; readonly wrong: unknown; readonly name: string; readonly kind: number };

/** Every place of a document that can be changed: its container and key. */
const placesOf = (
  node: unknown,
  found: [Record<string, unknown>, string][] = [],
): [Record<string, unknown>, string][] => {
  if (typeof node !== 'object' || node === null) return found;
  const container = node as Record<string, unknown>;
  for (const key of Object.keys(container)) {
    found.push([container, key]);
    placesOf(container[key], found);
  }
  return found;
};

const mutate = (document: unknown, edits: readonly Edit[]): unknown => {
  const copy = JSON.parse(JSON.stringify(document)) as unknown;
  for (const { pick, wrong: shared, name, kind } of edits) {
    // Its own copy: a later edit may change what an earlier one put in.
    const wrong = structuredClone(shared);
    const places = placesOf(copy);
    const place = places[pick % Math.max(places.length, 1)];
    if (place === undefined) continue;
    const [container, key] = place;
    if (Array.isArray(container)) {
      if (kind === 0) container.splice(Number(key), 1);
      else if (kind === 1) container.push(wrong);
      else container[Number(key)] = wrong;
    } else if (kind === 0) delete container[key];
    else if (kind === 1)
      Object.defineProperty(container, name, {
        value: wrong,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else container[key] = wrong;
  }
  return copy;
};

const edit = fc.record({
  pick: fc.nat(10_000),
  wrong: fc.constantFrom(...WRONG),
  name: fc.constantFrom(...NAMES),
  kind: fc.nat(4),
});

/** A document with one to three random changes, most of which break it. */
export const mutated = (documents: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc
    .tuple(documents, fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([document, edits]) => mutate(document, edits));
