/** How each service says that something went wrong. */
import type { AwsResponse } from '../types.ts';
import { AccessDenied, AwsError } from '../types.ts';
import { xml } from './xml.ts';

export type Protocol = 'json' | 'rest-json' | 'rest-xml' | 'query';

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
  'cognito-idp': ['AccessDeniedException', 400],
  dynamodb: ['AccessDeniedException', 400],
  kinesis: ['AccessDeniedException', 400],
  s3: ['AccessDenied', 403],
  sns: ['AuthorizationError', 403],
  sqs: ['AccessDenied', 403],
  sts: ['AccessDenied', 403],
};

/** Services whose JSON is of version 1.1. */
const JSON_1_1: readonly string[] = ['kinesis', 'cognito-idp'];

/** @param service signing name */
export const protocolOf = (service: string): Protocol => PROTOCOLS[service] ?? 'rest-json';

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
  switch (protocolOf(service)) {
    case 'json':
      return {
        status,
        headers: {
          ...id,
          'content-type': `application/x-amz-json-${JSON_1_1.includes(service) ? '1.1' : '1.0'}`,
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
