/**
 * What Lambda itself does in the name of a function's role: write its logs and send its traces. A missing grant
 * does not stop an invocation, in AWS neither, but it is recorded and said aloud.
 */
import type { AccessRequest, Assembly, Iam, Log } from '../types.ts';
import { AccessDenied } from '../types.ts';
import type { FunctionDefinition } from './definition.ts';

const EVERY_MS = 60_000;

export class PlatformAccess {
  readonly #iam: Iam;
  readonly #log: Log;
  readonly #definition: FunctionDefinition;
  readonly #requests: readonly AccessRequest[];
  #last = Number.NEGATIVE_INFINITY;

  constructor(definition: FunctionDefinition, assembly: Assembly, iam: Iam, log: Log, logStream: string) {
    this.#iam = iam;
    this.#log = log;
    this.#definition = definition;
    const group = `arn:aws:logs:${assembly.region}:${assembly.account}:log-group:${definition.logGroup}`;
    const stream = `${group}:log-stream:${logStream}`;
    this.#requests = [
      { action: 'logs:CreateLogStream', resource: stream },
      { action: 'logs:PutLogEvents', resource: stream },
      ...(definition.tracing
        ? [
            { action: 'xray:PutTraceSegments', resource: '*' },
            { action: 'xray:PutTelemetryRecords', resource: '*' },
          ]
        : []),
    ];
  }

  /** Checks the grants, at most once a minute unless `force`d (a new environment). */
  check(force: boolean): void {
    const now = performance.now();
    if (!force && now - this.#last < EVERY_MS) return;
    this.#last = now;
    for (const request of this.#requests) {
      try {
        this.#iam.authorize(this.#definition.roleArn, request);
      } catch (error) {
        if (!(error instanceof AccessDenied)) throw error;
        this.#log('error', error.message, { function: this.#definition.name });
      }
    }
  }
}
