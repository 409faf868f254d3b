/** Request validation: required parameters, and models of bodies. */
import type { IncomingMessage } from 'node:http';
import { GatewayFailure } from './failure.ts';
import { PAYLOAD_LIMIT } from './integrate.ts';
import type { Method } from './model.ts';

/** Refuses a request without a parameter that its method requires. */
export function checkParameters(method: Method, request: IncomingMessage, url: URL): void {
  const missing = [
    ...method.required.querystring.filter((name) => !url.searchParams.get(name)),
    ...method.required.header.filter((name) => !request.headers[name.toLowerCase()]),
  ];
  if (missing.length > 0) {
    throw new GatewayFailure(
      'BAD_REQUEST_PARAMETERS',
      `Missing required request parameters: [${missing.join(', ')}]`,
    );
  }
}

/** Refuses a body that does not fit the method's model for its content type. */
export function checkBody(method: Method, request: IncomingMessage, body: Buffer): void {
  if (method.bodySchemas.size === 0) return;
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim() ?? 'application/json';
  const schema = method.bodySchemas.get(type);
  if (!schema) return;
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw new GatewayFailure('BAD_REQUEST_BODY', undefined, { cause });
  }
  if (!schema.safeParse(value).success) throw new GatewayFailure('BAD_REQUEST_BODY');
}

/** Whether a request announces a body. */
export function hasBody(request: IncomingMessage): boolean {
  return (
    Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined
  );
}

/** Reads a body of at most 10 MB. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > PAYLOAD_LIMIT)
    throw new GatewayFailure('REQUEST_TOO_LARGE');
  const chunks: Buffer[] = [];
  let length = 0;
  // The socket must outlive a body that is too long, to carry the answer.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > PAYLOAD_LIMIT) throw new GatewayFailure('REQUEST_TOO_LARGE');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
