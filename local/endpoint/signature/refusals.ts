/** How each service says that it does not believe a signature. */
import { AwsError } from '../../types.ts';
import { type Protocol, protocolOf } from '../errors.ts';

/** Why a request is not taken for that of whom it names. */
export type Reason =
  | 'unsigned'
  | 'malformed'
  | 'unknown-key'
  | 'wrong-token'
  | 'expired-token'
  | 'wrong-signature'
  | 'wrong-region'
  | 'wrong-time'
  | 'unsigned-header';

type Words = readonly [code: string, status: number];

/** Source: "Common errors" of the services' API references, and the answers of the services where those are silent. */
const WORDS: Readonly<Record<Reason, Readonly<Record<Protocol, Words>>>> = {
  unsigned: {
    'rest-xml': ['AccessDenied', 403],
    query: ['MissingAuthenticationToken', 403],
    json: ['MissingAuthenticationTokenException', 400],
    'rest-json': ['MissingAuthenticationTokenException', 403],
  },
  malformed: {
    'rest-xml': ['AuthorizationHeaderMalformed', 400],
    query: ['IncompleteSignature', 400],
    json: ['IncompleteSignatureException', 400],
    'rest-json': ['IncompleteSignatureException', 403],
  },
  'unknown-key': {
    'rest-xml': ['InvalidAccessKeyId', 403],
    query: ['InvalidClientTokenId', 403],
    json: ['UnrecognizedClientException', 400],
    'rest-json': ['UnrecognizedClientException', 403],
  },
  'wrong-token': {
    'rest-xml': ['InvalidToken', 400],
    query: ['InvalidClientTokenId', 403],
    json: ['UnrecognizedClientException', 400],
    'rest-json': ['UnrecognizedClientException', 403],
  },
  'expired-token': {
    'rest-xml': ['ExpiredToken', 400],
    query: ['ExpiredToken', 403],
    json: ['ExpiredTokenException', 400],
    'rest-json': ['ExpiredTokenException', 403],
  },
  'wrong-signature': {
    'rest-xml': ['SignatureDoesNotMatch', 403],
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
    'rest-json': ['InvalidSignatureException', 403],
  },
  'wrong-region': {
    'rest-xml': ['AuthorizationHeaderMalformed', 400],
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
    'rest-json': ['InvalidSignatureException', 403],
  },
  'wrong-time': {
    'rest-xml': ['RequestTimeTooSkewed', 403],
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
    'rest-json': ['InvalidSignatureException', 403],
  },
  'unsigned-header': {
    'rest-xml': ['AccessDenied', 403],
    query: ['SignatureDoesNotMatch', 403],
    json: ['InvalidSignatureException', 400],
    'rest-json': ['InvalidSignatureException', 403],
  },
};

/** SQS took the place of its query protocol by JSON, and kept the words of the old one. */
const dialectOf = (service: string): Protocol => (service === 'sqs' ? 'query' : protocolOf(service));

const MESSAGES: Readonly<Record<Reason, string>> = {
  unsigned: 'Request is missing Authentication Token',
  malformed: 'The signature cannot be read',
  'unknown-key': 'The security token included in the request is invalid.',
  'wrong-token': 'The security token included in the request is invalid.',
  'expired-token': 'The security token included in the request is expired',
  'wrong-signature':
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  'wrong-region': 'Credential should be scoped to a valid region',
  'wrong-time': 'The difference between the request time and the current time is too large.',
  'unsigned-header': 'There were headers present in the request which were not signed',
};

/**
 * The error that a service answers with.
 * @param service signing name
 * @param detail what is said beside the usual text
 */
export function refusal(reason: Reason, service: string, detail?: string): AwsError {
  const [code, status] = WORDS[reason][dialectOf(service)];
  return new AwsError(
    code,
    detail === undefined ? MESSAGES[reason] : `${MESSAGES[reason]}: ${detail}`,
    status,
  );
}
