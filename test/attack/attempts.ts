/** Attempts that are counted, and looked for in the audit. */
import { expect } from 'vitest';
import type { AuditEntry } from '../../contracts/resources/audit.ts';

interface Attempt {
  readonly what: string;
  readonly method: string;
  readonly status: number;
  readonly requestId: string;
}

/** What was tried, each once. */
export class Attempts {
  private readonly made = new Map<string, Attempt>();

  /** Distinct attempts. */
  get count(): number {
    return this.made.size;
  }

  /** Takes an attempt and its answer, which may be anything but a fault of the platform. */
  take(who: string, method: string, path: string, body: unknown, response: Response): void {
    const what = `${who} ${method} ${path} ${JSON.stringify(body ?? null)}`;
    expect(response.status, what).toBeLessThan(500);
    const requestId = response.headers.get('x-request-id') ?? '';
    this.made.set(what, { what, method, status: response.status, requestId });
  }

  /** That were refused. */
  get refused(): number {
    return [...this.made.values()].filter(({ status }) => status >= 400).length;
  }

  /** Attempts of which the audit should tell, and does not: all that were denied, and all changes that were refused. */
  missingIn(entries: readonly AuditEntry[]): string[] {
    const known = new Set(entries.map(({ requestId }) => requestId));
    return [...this.made.values()]
      .filter(({ method, status }) => status === 403 || status === 404 || (method !== 'GET' && status >= 400))
      .filter(({ requestId }) => !known.has(requestId))
      .map(({ what, status }) => `${status} ${what}`);
  }
}
