/** How each service says that something went wrong. */
import type { AwsResponse } from '../types.ts';
import { AccessDenied, AwsError } from '../types.ts';

type Protocol = 'json' | 'rest-json' | 'rest-xml' | 'query';

/** Services that do not use REST with JSON. */
const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  dynamodb: 'json',
  kinesis: 'json',
  sqs: 'json',
  logs: 'json',
  kms: 'json',
  'cognito-idp': 'json',
  s3: 'rest-xml',
  sns: 'query',
  sts: 'query',
};

/** Code and status of a denial: XML services have their own words for it. */
const DENIALS: Readonly<Record<string, readonly [code: string, status: number]>> = {
  dynamodb: ['AccessDeniedException', 400],
  kinesis: ['AccessDeniedException', 400],
  s3: ['AccessDenied', 403],
  sns: ['AuthorizationError', 403],
  sqs: ['AccessDenied', 403],
};

/** An access key that nobody holds. */
const UNKNOWN_KEYS: Readonly<Record<string, readonly [code: string, status: number]>> = {
  dynamodb: ['UnrecognizedClientException', 400],
  kinesis: ['UnrecognizedClientException', 400],
  s3: ['InvalidAccessKeyId', 403],
  sns: ['InvalidClientTokenId', 403],
  sqs: ['InvalidClientTokenId', 403],
};

/** @param service signing name */
export function unknownKey(service: string): AwsError {
  const [code, status] = UNKNOWN_KEYS[service] ?? ['UnrecognizedClientException', 403];
  return new AwsError(code, 'The security token included in the request is invalid.', status);
}

/** What a caller may be told of an error; `undefined` for one that is a fault of the gateway itself. */
export function asAwsError(service: string, error: unknown): AwsError | undefined {
  if (error instanceof AwsError) return error;
  if (error instanceof AccessDenied) {
    const [code, status] = DENIALS[service] ?? ['AccessDeniedException', 403];
    return new AwsError(code, error.message, status);
  }
  return undefined;
}

/** The reply that carries an error, in the protocol of the service. */
export function errorResponse(service: string, error: AwsError, requestId: string): AwsResponse {
  const { code, message, status } = error;
  const id = { 'x-amzn-requestid': requestId };
  switch (PROTOCOLS[service] ?? 'rest-json') {
    case 'json':
      return {
        status,
        headers: {
          ...id,
          'content-type': service === 'kinesis' ? 'application/x-amz-json-1.1' : 'application/x-amz-json-1.0',
        },
        body: JSON.stringify({ __type: `com.amazonaws#${code}`, message }),
      };
    case 'rest-json':
      return {
        status,
        headers: { ...id, 'content-type': 'application/json', 'x-amzn-errortype': code },
        body: JSON.stringify({ message }),
      };
    case 'rest-xml':
      return {
        status,
        headers: { 'x-amz-request-id': requestId, 'content-type': 'application/xml' },
        body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${xml(code)}</Code><Message>${xml(message)}</Message><RequestId>${requestId}</RequestId></Error>`,
      };
    case 'query':
      return {
        status,
        headers: { ...id, 'content-type': 'text/xml' },
        body: `<ErrorResponse><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${xml(code)}</Code><Message>${xml(message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
      };
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Text made safe for XML; control characters, which XML cannot hold, become `?`. */
export const xml = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n\r]/gu, '?').replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
