/** Which chain of a site to append to: the first, unless others are at it at the same moment. */
import { AUDIT_LANES } from '../../../contracts/resources/audit.ts';

/** For how long a writer stays where it found room. */
const STAY_MILLIS = 60_000;

/** The choice of one writer. Writers that met spread over the chains, and are alone there until it is quiet again. */
export class LaneChoice {
  private lane = 0;
  private until = 0;

  /** Where to try first. */
  at(now: number): number {
    return now < this.until ? this.lane : 0;
  }

  /**
   * Where to try after somebody else was quicker; and first, for the next while.
   * @param random from 0 to below 1
   */
  after(now: number, random: number): number {
    this.lane = Math.floor(random * AUDIT_LANES);
    this.until = now + STAY_MILLIS;
    return this.lane;
  }
}
