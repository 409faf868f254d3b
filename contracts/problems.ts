/** Errors as RFC 9457 problem details, and the stable codes that they and the quarantine carry. */
import * as z from 'zod';

/** Faults of a request: code, HTTP status, title, and what the caller should do. */
export const PROBLEMS = {
  'invalid-request': [400, 'The request is not valid', 'Mend what `errors` points at.'],
  'invalid-cursor': [
    400,
    'The cursor is not valid',
    'Use the `next` of the same query, or start without one.',
  ],
  'answer-too-large': [
    400,
    'The answer would be too large',
    'Ask for a shorter range or fewer channels, for pages with `limit`, or for an export.',
  ],
  unauthorized: [401, 'No valid token', 'Send `Authorization: Bearer` with an access token.'],
  forbidden: [403, 'Not permitted', 'Ask an administrator for a role that holds the named permission.'],
  'not-found': [404, 'Not found', 'Check the identifier; what you may not see is not found either.'],
  'method-not-allowed': [405, 'Method not allowed', 'Use a method that the contract lists for this path.'],
  'not-acceptable': [406, 'Format not available', 'Ask for a media type that the contract lists.'],
  conflict: [409, 'Already exists', 'Choose another identifier.'],
  'device-retired': [
    409,
    'The device is retired',
    'Register a new device; a retired identifier is never used again.',
  ],
  'device-busy': [409, 'Something is under way with the device', 'See `detail`, and end that first.'],
  'too-many-certificates': [409, 'Two certificates of the device count already', 'Revoke one of them first.'],
  'site-in-use': [409, 'Devices are registered at the site', 'Move or retire them first.'],
  'channel-fixed': [
    409,
    'A channel keeps its unit, value type and kind',
    'Add a channel under another name; the channels that are there stay.',
  ],
  'not-replayable': [
    409,
    'The entry cannot be taken again',
    'Its topic named no site and device, so that nobody can say whose it is; or it is damaged.',
  ],
  'command-not-possible': [
    409,
    'The device cannot be given this command now',
    'See `detail` and `errors`: the lease, an interlock, or the state of the device stands against it.',
  ],
  'command-state': [
    409,
    'The state of the command does not allow that',
    'Read the command: it has gone on, or is at its end.',
  ],
  'alert-state': [
    409,
    'The state of the alert does not allow that',
    'Read the alert: somebody was faster, or it has gone on.',
  ],
  'too-many-rules': [
    409,
    'The instrument type has too many alert rules',
    'Take some away: a type has 100 at most, of 256 KB in all.',
  ],
  'own-command': [409, 'One may not approve a command of one’s own', 'Ask another person.'],
  'own-access': [409, 'One may not take away or change one’s own access', 'Ask another administrator.'],
  'last-administrator': [
    409,
    'Nobody would be left who may do everything everywhere',
    'Let another Admin of every site sign in first.',
  ],
  'not-invited': [
    409,
    'The person has signed in already, or is disabled',
    'An invitation is sent again only to whoever has not used it.',
  ],
  leased: [409, 'Somebody else holds the lease of the device', 'Wait until it ends, or ask its holder.'],
  'idempotency-conflict': [409, 'The key was used for another request', 'Use a fresh Idempotency-Key.'],
  'precondition-failed': [412, 'The resource has changed', 'Read it again and repeat with the new ETag.'],
  'body-too-large': [413, 'The body is too large', 'Send less at once.'],
  'unsupported-media-type': [415, 'Media type not supported', 'Send application/json.'],
  'invalid-csr': [
    422,
    'The certificate signing request is not valid',
    'Send a PEM PKCS #10 request signed by its own key: RSA of 2048 bits at least, or ECC on P-256, P-384 or P-521.',
  ],
  'unknown-type': [422, 'The instrument type does not exist', 'Create the instrument type first.'],
  'unknown-command': [
    422,
    'The instrument type has no such command',
    'Read the instrument type for the commands that it has.',
  ],
  'precondition-required': [428, 'If-Match is required', 'Send the ETag of the version you are changing.'],
  throttled: [429, 'Too many requests', 'Wait as Retry-After says.'],
  'too-many-commands': [
    429,
    'Too many commands are open',
    'Wait until some are at their end, or cancel those that wait.',
  ],
  'internal-error': [500, 'Internal error', 'Try again; if it stays, report the requestId.'],
  'not-audited': [
    503,
    'The change was made, but could not be written into the audit',
    'Read what you changed. Sent again with the same Idempotency-Key the request changes nothing more and is audited.',
  ],
  unavailable: [503, 'A part is not available', 'Try again later with backoff.'],
} as const satisfies Record<string, readonly [number, string, string]>;
export type ProblemCode = keyof typeof PROBLEMS;

/** Why a message, or a point of one, was quarantined. */
export const QUARANTINE = {
  'empty-message': 'The message has no bytes.',
  'message-too-large': 'The message is larger than 128 KiB.',
  'unpacked-too-large': 'Unwrapped, the message is larger than 2 MiB.',
  'corrupt-compression': 'The gzip or zstd wrapping does not unpack.',
  'unknown-format': 'The first byte belongs to no format: JSON, CBOR, protobuf, gzip or zstd.',
  'malformed-json': 'The text is not JSON in UTF-8.',
  'malformed-cbor': 'The bytes are not CBOR.',
  'malformed-protobuf': 'The bytes are not a labgate protobuf message.',
  'invalid-structure': 'The document is well-formed but not of the format it claims to be.',
  'ambiguous-channel': 'Two SenML names of the message stand for one channel.',
  'unsupported-version': 'The version of the format is not supported.',
  'too-many-points': 'The message holds more than 2 000 points.',
  'no-content': 'The message holds neither a point nor a device fact.',
  'invalid-origin': 'The topic names no site and device.',
  'unknown-device': 'No device is registered under this identifier at this site.',
  'device-retired': 'The device is retired.',
  'registration-damaged': 'What the registry has of the device or of its instrument type cannot be read.',
  'not-storable': 'The table refuses what the message comes to, or the platform fails on it.',
  'unknown-channel': 'The instrument type has no such channel.',
  'wrong-unit': 'The unit is not that of the channel.',
  'wrong-value-type': 'The value is not of the type of the channel.',
  'not-a-number': 'The value is NaN, infinite or null.',
  'value-too-long': 'The text is longer than 256 bytes.',
  'invalid-time': 'The time cannot be read.',
  'too-old': 'The time is more than 7 days before arrival.',
  'in-future': 'The time is more than 10 minutes after arrival.',
  'stream-refused': 'The stream did not take the record.',
  'delivery-gave-up': 'The record was in a batch that was given up.',
  'invalid-quality': 'The quality is neither a known name nor an OPC UA status code.',
} as const satisfies Record<string, string>;
export type QuarantineCode = keyof typeof QUARANTINE;

const codes = Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]];

/** One thing wrong with a request. */
export const problemDetail = z.object({
  pointer: z.string().meta({
    description:
      'JSON Pointer into the body, `?name` for a query parameter, `{name}` for one of the path, or the name of a header',
  }),
  detail: z.string(),
});
export type ProblemDetail = z.infer<typeof problemDetail>;

/** The one error body: `application/problem+json`. */
export const problem = z
  .object({
    type: z.string().meta({ description: 'Where the code is documented' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().optional(),
    code: z.enum(codes),
    requestId: z.string(),
    timestamp: z.string().optional().meta({
      format: 'date-time',
      description: 'Absent where API Gateway itself answers: it knows no RFC 3339',
    }),
    errors: z.array(problemDetail).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problem>;

/** Where a code is documented. */
export const problemType = (code: ProblemCode): string => `/v1/problems/${code}`;
