/** Compression at the edge: "Serve compressed files" of the developer guide. */
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Answer } from './bucket-origin.ts';

/** Bytes of what is compressed. */
const LEAST = 1_000;
const MOST = 10_000_000;

/** Types that CloudFront compresses, as far as the page has such. */
const TYPES = new Set([
  'application/javascript',
  'application/json',
  'application/manifest+json',
  'application/wasm',
  'application/xml',
  'font/otf',
  'font/ttf',
  'image/svg+xml',
  'image/vnd.microsoft.icon',
  'text/css',
  'text/html',
  'text/javascript',
  'text/plain',
  'text/xml',
]);

const QUALITY = 5;

const ENCODERS: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) => promisify(brotliCompress)(body, { params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY } }),
  gzip: promisify(gzip) as (body: Buffer) => Promise<Buffer>,
};

/** Brotli where a browser takes both. */
const encodingFor = (accepted: string | undefined): string | undefined => {
  const names = new Set(
    (accepted ?? '')
      .split(',')
      .map((part) => part.trim().toLowerCase())
      .filter((part) => !/;\s*q=0(\.0*)?$/.test(part))
      .map((part) => part.split(';', 1)[0]?.trim()),
  );
  return Object.keys(ENCODERS).find((name) => names.has(name));
};

/** Compresses answers, each file once. */
export class Compressor {
  /** By encoding and entity tag. */
  readonly #done = new Map<string, Promise<Buffer>>();

  /** @param accepted the browser's `Accept-Encoding` */
  async compress(answer: Answer, accepted: string | undefined): Promise<Answer> {
    const { status, headers, body } = answer;
    const type = headers['content-type']?.split(';', 1)[0]?.trim() ?? '';
    const fits =
      status === 200 &&
      body.length >= LEAST &&
      body.length <= MOST &&
      TYPES.has(type) &&
      headers['content-encoding'] === undefined;
    if (!fits) return answer;
    const vary = { ...headers, vary: 'Accept-Encoding' };
    const encoding = encodingFor(accepted);
    if (encoding === undefined) return { ...answer, headers: vary };
    return {
      status,
      headers: {
        ...vary,
        'content-encoding': encoding,
        // What is compressed is another representation, equal in what it means.
        ...(headers['etag'] === undefined ? {} : { etag: `W/${headers['etag']}` }),
      },
      body: await this.#encoded(encoding, headers['etag'], body),
    };
  }

  #encoded(encoding: string, etag: string | undefined, body: Buffer): Promise<Buffer> {
    const key = `${encoding} ${etag}`;
    const known = etag === undefined ? undefined : this.#done.get(key);
    const encoded = known ?? ENCODERS[encoding]?.(body) ?? Promise.resolve(body);
    if (etag !== undefined) this.#done.set(key, encoded);
    return encoded;
  }
}
