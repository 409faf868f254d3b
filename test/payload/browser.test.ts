/** The formats in a browser: bundled for one, and run where nothing of Node is. */
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { beforeAll, describe, expect, it } from 'vitest';
import { WRAPPINGS, wrap } from '../../device/wrapping.ts';
import { inflaters } from '../../lambdas/domain/ingestion/inflaters.ts';
import type { decodeMessage } from '../../payload/decode.ts';
import { type encodeMessage, PAYLOAD_FORMATS } from '../../payload/encode.ts';
import type { Measurement } from '../../payload/outgoing.ts';
import { NOW, utf8 } from './decoding.ts';

interface Payload {
  readonly decodeMessage: typeof decodeMessage;
  readonly encodeMessage: typeof encodeMessage;
}

const points: readonly Measurement[] = [
  { channel: 'temp', time: NOW, value: 37.02, unit: 'Cel' },
  { channel: 'temp', time: NOW + 1e6, value: 37.5, unit: 'Cel' },
];
/** The same by hand, with what the quick reader of columns leaves to the general one. */
const texts = [
  `{"v":1,"t":["2026-03-01T10:00:00Z",${NOW / 1000 + 1000}],"c":{"temp":{"u":"Cel","v":[37.02,3.75e1]}}}`,
  `{"v":1,"device":{"firmware":"é"},"t":[${NOW / 1000},${NOW / 1000 + 1000}],"c":{"temp":{"u":"Cel","v":[37.02,37.5]}}}`,
];

let payload: Payload;

beforeAll(async () => {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: "export * from './payload/decode.ts'; export * from './payload/encode.ts';",
      resolveDir: new URL('../..', import.meta.url).pathname,
      loader: 'ts',
    },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'payload',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const files = Object.keys(metafile.inputs).filter((path) => path.startsWith('payload/'));
  expect(files).toContain('payload/unwrap.ts');
  // What a browser has besides the language, and as in a page with a strict policy no code made of text.
  const page = createContext(
    { TextEncoder, TextDecoder },
    { codeGeneration: { strings: false, wasm: false } },
  );
  payload = runInContext(`${outputFiles[0]?.text}; payload`, page);
  expect(runInContext('[typeof Buffer, typeof process, typeof require]', page)).toEqual(
    new Array(3).fill('undefined'),
  );
});

describe('in a browser', () => {
  it.each(PAYLOAD_FORMATS.flatMap((format) => WRAPPINGS.map((wrapping) => [format, wrapping] as const)))(
    '%s in %s is written and read',
    (format, wrapping) => {
      const bytes = wrap(payload.encodeMessage({ points }, format), wrapping);
      const message = payload.decodeMessage(bytes, NOW, inflaters);
      expect(message).toMatchObject({ format, points: 2, faults: [] });
      expect(message.columns).toMatchObject([
        { channel: 'temp', unit: 'Cel', time: [NOW, NOW + 1e6], value: [37.02, 37.5] },
      ]);
    },
  );

  it.each(texts)('%s is read', (text) => {
    expect(payload.decodeMessage(utf8(text), NOW, inflaters)).toMatchObject({
      points: 2,
      faults: [],
      columns: [{ channel: 'temp', time: [NOW, NOW + 1e6], value: [37.02, 37.5] }],
    });
  });

  it('what is damaged is refused with its code', () => {
    for (const [bytes, code] of [
      [wrap(utf8('{}'), 'gzip').subarray(0, -4), 'corrupt-compression'],
      [wrap(new Uint8Array(2 ** 22), 'zstd'), 'unpacked-too-large'],
      [utf8('{"v":1,'), 'malformed-json'],
      [Uint8Array.of(0x80, 0x80), 'malformed-cbor'],
      [Uint8Array.of(0x10), 'malformed-protobuf'],
    ] as const)
      expect(() => payload.decodeMessage(bytes, NOW, inflaters), code).toThrow(
        expect.objectContaining({ name: 'UndecodableMessage', code }),
      );
  });
});
