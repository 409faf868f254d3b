/**
 * One id from a request to the reply of a device: the trace id of W3C Trace Context. A request that brings none gets that of
 * its request id, which the audit, the answer and the logs hold.
 */

/** `traceparent` of version 00. */
export const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace id in a `traceparent`: 32 hexadecimal digits. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);

/** The trace id that a request id is; `undefined` for one that is no UUID. */
export const traceIdOfRequest = (requestId: string): string | undefined => {
  const digits = requestId.replaceAll('-', '').toLowerCase();
  return /^(?!0{32})[0-9a-f]{32}$/.test(digits) ? digits : undefined;
};

/** The request id that became a trace id: the other way round. */
export const requestIdOf = (traceId: string): string =>
  traceId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
