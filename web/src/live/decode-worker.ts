/** Decodes payloads off the main thread. gzip is inflated by the browser; zstd where the browser knows it. */
import '../no-eval.ts';
import { LIMITS } from '../../../contracts/limits.ts';
import { UndecodableMessage } from '../../../contracts/messages/message.ts';
import { decodeMessage } from '../../../payload/decode.ts';
import type { DecodeAnswer, DecodeRequest } from './decode.ts';

const WRAPPINGS = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
] as const;

/** @returns the bytes inside, `undefined` once there are more than may be */
const inflate = async (bytes: Uint8Array<ArrayBuffer>, format: string): Promise<Uint8Array | undefined> => {
  // TypeScript does not know zstd yet; browsers that do not know it throw.
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format as CompressionFormat));
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > LIMITS.unpackedBytes) {
      await reader.cancel();
      return undefined;
    }
    parts.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

const decode = async ({ bytes, arrival }: DecodeRequest): Promise<DecodeAnswer['result']> => {
  const wrapping = WRAPPINGS.find(([, magic]) => magic.every((byte, place) => bytes[place] === byte));
  // The decoder inflates at once, the browser does not: what it will ask for is made before.
  let plain: Uint8Array | undefined;
  let broken: unknown;
  if (wrapping !== undefined && bytes.length <= LIMITS.messageBytes) {
    try {
      plain = await inflate(bytes, wrapping[0]);
    } catch (error) {
      broken = error;
    }
  }
  const given = (): Uint8Array | undefined => {
    if (broken !== undefined) throw broken;
    return plain;
  };
  try {
    return { message: decodeMessage(bytes, arrival, { gunzip: given, unzstd: given }) };
  } catch (error) {
    if (error instanceof UndecodableMessage)
      return { fault: { code: error.code, detail: error.message, pointer: error.pointer } };
    throw error;
  }
};

self.addEventListener('message', async ({ data }: MessageEvent<DecodeRequest>) => {
  const answer: DecodeAnswer = { id: data.id, result: await decode(data) };
  self.postMessage(answer);
});
