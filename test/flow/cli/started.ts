import type { Local } from '../../support/cli.ts';

/** What the tests of the command line share: a gateway, and the port that people come back to from signing in. */
export interface Started {
  readonly gateway: Local;
  readonly callbackPort: number;
}
