/** Faults of requests as thrown inside, and as RFC 9457 problem details outside. */
import {
  PROBLEMS,
  type Problem,
  type ProblemCode,
  type ProblemDetail,
  problemType,
} from '../../../contracts/problems.ts';

interface ProblemParts {
  /** What is wrong with this very request; never set for 5xx, which stay opaque. */
  readonly detail?: string;
  readonly errors?: readonly ProblemDetail[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
  /** Site of what was asked for: for the audit alone, as the caller may not know it. */
  readonly site?: string;
}

/** A fault that the caller is told of under a stable code. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode;
  readonly status: number;
  readonly detail: string | undefined;
  readonly errors: readonly ProblemDetail[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly site: string | undefined;
  constructor(code: ProblemCode, parts: ProblemParts = {}) {
    const [status, title] = PROBLEMS[code];
    super(parts.detail ?? title, { cause: parts.cause });
    this.code = code;
    this.status = status;
    this.detail = parts.detail;
    this.errors = parts.errors;
    this.headers = parts.headers ?? {};
    this.site = parts.site;
  }
}

/** Faults that pass when one waits, and do not say so: throttling, time limits, a service that does not answer. */
const PASSING = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'LimitExceededException',
  'TimeoutError',
  'RequestTimeout',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'NoAnswer',
  'ItemsUnread',
  'TimeIsUp',
]);

/** As services and the SDK task their errors: a fault of the service may not come again. */
const isOfService = (error: Error): boolean => '$fault' in error && error.$fault === 'server';

const isPassing = (error: unknown): boolean =>
  error instanceof Error &&
  (isOfService(error) ||
    PASSING.has(error.name) ||
    ('code' in error && typeof error.code === 'string' && PASSING.has(error.code)));

/** Any thrown thing as a problem: what is not one already is `unavailable` when it may pass, else `internal-error`. */
export const asProblem = (error: unknown): ProblemError => {
  if (error instanceof ProblemError) return error;
  if (isPassing(error))
    return new ProblemError('unavailable', { headers: { 'retry-after': '1' }, cause: error });
  return new ProblemError('internal-error', { cause: error });
};

/** The body of a problem. */
export const problemBody = (
  fault: ProblemError,
  at: { readonly requestId: string; readonly instance: string; readonly now: Date },
): Problem => ({
  type: problemType(fault.code),
  title: PROBLEMS[fault.code][1],
  status: fault.status,
  ...(fault.detail !== undefined && fault.status < 500 ? { detail: fault.detail } : {}),
  instance: at.instance,
  code: fault.code,
  requestId: at.requestId,
  timestamp: at.now.toISOString(),
  ...(fault.errors === undefined ? {} : { errors: [...fault.errors] }),
});
