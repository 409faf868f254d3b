/** What is wrong with a message, as its device is told. */
import type { ErrorNote } from '../../../contracts/messages/downstream.ts';
import { QUARANTINE, type QuarantineCode } from '../../../contracts/problems.ts';

const NO_NOTES: readonly ErrorNote[] = [];

/** Faults of one message, one entry a code. */
export class Faults {
  private byCode:
    | Map<QuarantineCode, { pointer: string | undefined; points: number; detail: string }>
    | undefined;

  add(
    code: QuarantineCode,
    points: number,
    pointer: string | undefined,
    detail: string = QUARANTINE[code],
  ): void {
    // Nearly all messages have none.
    this.byCode ??= new Map();
    const known = this.byCode.get(code);
    if (known === undefined) this.byCode.set(code, { pointer, points, detail });
    else known.points += points;
  }

  get notes(): readonly ErrorNote[] {
    if (this.byCode === undefined) return NO_NOTES;
    return [...this.byCode].map(([code, { pointer, points, detail }]) => ({
      code,
      ...(pointer === undefined ? {} : { pointer }),
      points,
      detail: detail.slice(0, 1000),
    }));
  }
}
