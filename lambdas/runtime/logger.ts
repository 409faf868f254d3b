/** The structured log of a function: one JSON line an event, with the service and the request it belongs to. */
import { Logger } from '@aws-lambda-powertools/logger';

/**
 * A logger; the service name and the level come from `POWERTOOLS_SERVICE_NAME` and `LOG_LEVEL`.
 * Secrets, payloads and tokens are never logged: what is logged is named field by field.
 */
export const createLogger = (): Logger => {
  // Lambda's own filter lets pass from INFO on, for the sake of metrics; a logger would take its level from there.
  delete process.env['AWS_LAMBDA_LOG_LEVEL'];
  return new Logger();
};
export type { Logger };
