/** Headers of every answer of the API, whether a function gives it or API Gateway itself. */

/** Against caching, framing, sniffing and plain HTTP: answers are data, and nothing of them is a page. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Those of what API Gateway itself answers, where a value can hold no quotes. */
export const GATEWAY_SECURITY_HEADERS: Readonly<Record<string, string>> = {
  ...SECURITY_HEADERS,
  'content-security-policy': 'sandbox',
};

/** What pages of other origins may send. */
export const CORS_REQUEST_HEADERS = [
  'accept',
  'authorization',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-none-match',
  'prefer',
  'traceparent',
] as const;

/** What pages of other origins may read of an answer. */
export const CORS_ANSWER_HEADERS = [
  'etag',
  'link',
  'location',
  'preference-applied',
  'retry-after',
  'x-request-id',
] as const;

/** How long a browser remembers the answer to a preflight, in seconds. */
export const CORS_MAX_AGE = 600;
