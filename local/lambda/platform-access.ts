/**
 * What Lambda itself does in the name of a function's role: write its logs and send its traces. A missing grant
 * does not stop an invocation, in AWS neither, but it is recorded and said aloud.
 */
import type { AccessRequest, Assembly, Iam, Log } from '../types.ts';
import { AccessDenied } from '../types.ts';
import type { FunctionDefinition } from './definition.ts';

/** What was refused is not asked again, and said again, for every event. */
const REFUSED_MS = 60_000;

export class PlatformAccess {
  readonly #iam: Iam;
  readonly #log: Log;
  readonly #definition: FunctionDefinition;
  readonly #requests: readonly AccessRequest[];
  /** When each was refused last. */
  readonly #refused = new Map<AccessRequest, number>();

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

  /** Checks the grants; one that was refused at most once a minute unless `force`d (a new environment). */
  check(force: boolean): void {
    const now = performance.now();
    for (const request of this.#requests) {
      if (!force && now - (this.#refused.get(request) ?? Number.NEGATIVE_INFINITY) < REFUSED_MS) continue;
      try {
        this.#iam.authorize(this.#definition.roleArn, request);
      } catch (error) {
        if (!(error instanceof AccessDenied)) throw error;
        this.#refused.set(request, now);
        this.#log('error', error.message, { function: this.#definition.name });
      }
    }
  }
}
