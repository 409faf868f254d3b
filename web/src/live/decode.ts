/** Decodes what instruments sent, in a worker that all pages share. */
import type { Message } from '../../../contracts/messages/message.ts';
import type { QuarantineCode } from '../../../contracts/problems.ts';

export interface DecodeRequest {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Microseconds. */
  readonly arrival: number;
}

/** A message, or why nothing of it can be read. */
export type Decoded =
  | { readonly message: Message; readonly fault?: undefined }
  | {
      readonly message?: undefined;
      readonly fault: {
        readonly code: QuarantineCode;
        readonly detail: string;
        readonly pointer?: string | undefined;
      };
    };

export interface DecodeAnswer {
  readonly id: number;
  readonly result: Decoded;
}

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, { resolve: (result: Decoded) => void; reject: (error: unknown) => void }>();

const start = (): Worker => {
  const made = new Worker(new URL('./decode-worker.ts', import.meta.url), { type: 'module' });
  made.addEventListener('message', ({ data }: MessageEvent<DecodeAnswer>) => {
    waiting.get(data.id)?.resolve(data.result);
    waiting.delete(data.id);
  });
  made.addEventListener('error', (event) => {
    // What waits would wait for ever; the next message starts another worker.
    for (const { reject } of waiting.values()) reject(new Error(event.message));
    waiting.clear();
    made.terminate();
    worker = undefined;
  });
  return made;
};

/** Messages that may wait for the worker: beyond, reading them over HTTP is quicker. */
const MOST_WAITING = 1000;

export const isDecoderFull = (): boolean => waiting.size >= MOST_WAITING;

/** @param arrival microseconds: what relative times of SenML count from */
export const decodeInWorker = (bytes: Uint8Array<ArrayBuffer>, arrival: number): Promise<Decoded> => {
  worker ??= start();
  last += 1;
  const id = last;
  const { promise, resolve, reject } = Promise.withResolvers<Decoded>();
  waiting.set(id, { resolve, reject });
  const request: DecodeRequest = { id, bytes, arrival };
  worker.postMessage(request);
  return promise;
};
