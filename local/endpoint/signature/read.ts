/** What a signed request says of its signature (AWS Signature Version 4, in a header or in the query). */
import { ALGORITHM_IDENTIFIER } from '@smithy/signature-v4';
import { AwsError, type AwsRequest } from '../../types.ts';
import { refusal } from './refusals.ts';

/** A request as it arrived. */
export type Received = Pick<AwsRequest, 'method' | 'url' | 'headers' | 'body'>;

export interface Signature {
  readonly accessKeyId: string;
  /** `YYYYMMDD` of the credential scope. */
  readonly date: string;
  readonly region: string;
  /** Signing name: `dynamodb`, `s3`, `iotdata`, ... */
  readonly service: string;
  /** When it was signed: `YYYYMMDD'T'HHMMSS'Z'`. */
  readonly time: string;
  /** Lower-case names. */
  readonly signedHeaders: readonly string[];
  /** In hexadecimal. */
  readonly value: string;
  /** Empty when there is none. */
  readonly sessionToken: string;
  /** For how many seconds a signed address is good; `undefined` when the signature is in the header. */
  readonly seconds: number | undefined;
}

/** A header as one text; empty when it is not there. */
export const headerOf = ({ headers }: Pick<AwsRequest, 'headers'>, name: string): string => {
  const value = headers[name];
  if (value === undefined && name === 'host') return String(headers[':authority'] ?? '');
  return typeof value === 'string' ? value : (value ?? []).join(',');
};

/** Path and query of an address, both as they were sent. */
export const splitUrl = (url: string): readonly [path: string, query: string] => {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
};

/** The services of the JSON protocols by how they name their operations. */
const TARGETS: readonly (readonly [prefix: string, service: string])[] = [
  ['DynamoDB_', 'dynamodb'],
  ['Kinesis_', 'kinesis'],
  ['AmazonSQS', 'sqs'],
];

/** What a request without a readable signature was probably meant for: it is answered in words of that service. */
export const likelyService = (request: Received): string => {
  const target = headerOf(request, 'x-amz-target');
  const known = TARGETS.find(([prefix]) => target.startsWith(prefix));
  if (known !== undefined) return known[1];
  return headerOf(request, 'content-type').startsWith('application/x-www-form-urlencoded') ? 'sts' : 's3';
};

/**
 * Reads the signature of a request.
 * @throws {AwsError} that it is not signed, or that the signature cannot be read
 */
export function readSignature(request: Received): Signature {
  const authorization = headerOf(request, 'authorization');
  if (authorization !== '') return fromHeader(request, authorization);
  const [, search] = splitUrl(request.url);
  const query = new URLSearchParams(search);
  if (query.has('X-Amz-Algorithm')) return fromQuery(request, query);
  if (query.has('AWSAccessKeyId')) throw superseded();
  throw refusal('unsigned', likelyService(request));
}

/** Version 2, which `aws s3 presign` of old command lines still makes. */
const superseded = (): AwsError =>
  new AwsError(
    'InvalidRequest',
    `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM_IDENTIFIER}.`,
  );

function fromHeader(request: Received, authorization: string): Signature {
  const [, algorithm = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(authorization) ?? [];
  const fields = new Map(
    rest.split(',').map((field) => {
      const [name = '', ...value] = field.trim().split('=');
      return [name, value.join('=')] as const;
    }),
  );
  return complete(request, algorithm, {
    credential: fields.get('Credential'),
    time: headerOf(request, 'x-amz-date'),
    signedHeaders: fields.get('SignedHeaders'),
    value: fields.get('Signature'),
    sessionToken: headerOf(request, 'x-amz-security-token'),
    seconds: undefined,
  });
}

const MOST_SECONDS = 604_800;

function fromQuery(request: Received, query: URLSearchParams): Signature {
  const signature = complete(request, query.get('X-Amz-Algorithm') ?? '', {
    credential: query.get('X-Amz-Credential') ?? undefined,
    time: query.get('X-Amz-Date') ?? '',
    signedHeaders: query.get('X-Amz-SignedHeaders') ?? undefined,
    value: query.get('X-Amz-Signature') ?? undefined,
    sessionToken: query.get('X-Amz-Security-Token') ?? '',
    seconds: Number(query.get('X-Amz-Expires') ?? Number.NaN),
  });
  const { seconds = 0, service } = signature;
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MOST_SECONDS)
    throw refusal('malformed', service, `X-Amz-Expires must be a number from 1 to ${MOST_SECONDS}`);
  return signature;
}

interface Parts {
  readonly credential: string | undefined;
  readonly time: string;
  readonly signedHeaders: string | undefined;
  readonly value: string | undefined;
  readonly sessionToken: string;
  readonly seconds: number | undefined;
}

function complete(request: Received, algorithm: string, parts: Parts): Signature {
  const { credential = '', time, signedHeaders = '', value = '', sessionToken, seconds } = parts;
  const [accessKeyId = '', date = '', region = '', service = '', end] = credential.split('/');
  const malformed = (why: string) =>
    refusal('malformed', service === '' ? likelyService(request) : service, why);
  if (algorithm !== ALGORITHM_IDENTIFIER) throw malformed(`the only algorithm is ${ALGORITHM_IDENTIFIER}`);
  if (accessKeyId === '' || region === '' || service === '' || end !== 'aws4_request')
    throw malformed('Credential must be KEY/YYYYMMDD/REGION/SERVICE/aws4_request');
  if (!/^\d{8}T\d{6}Z$/.test(time)) throw malformed('X-Amz-Date is missing, or not YYYYMMDDTHHMMSSZ');
  if (!time.startsWith(date)) throw malformed('the date of Credential is not that of X-Amz-Date');
  if (signedHeaders === '') throw malformed('SignedHeaders is missing');
  if (!/^[0-9a-f]{64}$/.test(value)) throw malformed('Signature is missing, or not 64 hexadecimal digits');
  return {
    accessKeyId,
    date,
    region,
    service,
    time,
    signedHeaders: signedHeaders.split(';'),
    value,
    sessionToken,
    seconds,
  };
}
