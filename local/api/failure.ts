/**
 * The answers that API Gateway gives itself.
 * Types, statuses and texts: "Gateway response types for API Gateway" of the developer guide.
 */

interface Answer {
  readonly status: number;
  readonly message: string;
  /** Value of the header `x-amzn-ErrorType`. */
  readonly errorType: string;
}

const answers = {
  MISSING_AUTHENTICATION_TOKEN: {
    status: 403,
    message: 'Missing Authentication Token',
    errorType: 'MissingAuthenticationTokenException',
  },
  WAF_FILTERED: { status: 403, message: 'Forbidden', errorType: 'ForbiddenException' },
  UNAUTHORIZED: { status: 401, message: 'Unauthorized', errorType: 'UnauthorizedException' },
  THROTTLED: { status: 429, message: 'Too Many Requests', errorType: 'TooManyRequestsException' },
  BAD_REQUEST_PARAMETERS: {
    status: 400,
    message: 'Missing required request parameters',
    errorType: 'BadRequestException',
  },
  BAD_REQUEST_BODY: { status: 400, message: 'Invalid request body', errorType: 'BadRequestException' },
  REQUEST_TOO_LARGE: { status: 413, message: 'Request Too Long', errorType: 'RequestTooLongException' },
  API_CONFIGURATION_ERROR: {
    status: 500,
    message: 'Internal server error',
    errorType: 'InternalServerErrorException',
  },
  INTEGRATION_TIMEOUT: {
    status: 504,
    message: 'Endpoint request timed out',
    errorType: 'GatewayTimeoutException',
  },
  /** A function that failed or gave a malformed reply; templates reach it through DEFAULT_5XX. */
  DEFAULT_5XX: { status: 502, message: 'Internal server error', errorType: 'InternalServerErrorException' },
} as const satisfies Record<string, Answer>;

export type FailureType = keyof typeof answers;

/** Ends a request with a gateway response. */
export class GatewayFailure extends Error {
  override readonly name = 'GatewayFailure';
  readonly type: FailureType;
  readonly answer: Answer;

  /**
   * @param message what the caller reads as `$context.error.message`, when it is not the usual text
   * @param options `cause` is for the log alone
   */
  constructor(type: FailureType, message?: string, options?: ErrorOptions) {
    super(message ?? answers[type].message, options);
    this.type = type;
    this.answer = answers[type];
  }
}
