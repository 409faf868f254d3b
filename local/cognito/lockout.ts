/** Wrong passwords before a user has to wait. */
const FREE_TRIES = 5;
const LONGEST_MS = 15 * 60_000;
/** Names that are remembered; who guesses names must not fill the memory. */
const KEPT = 10_000;

export interface Lockout {
  /** Milliseconds that a user still has to wait; 0 when a try is allowed. */
  wait(username: string): number;
  /** Counts a try. */
  tried(username: string, right: boolean): void;
}

/**
 * Makes guessing passwords slow, as Cognito does: after five wrong ones a second, doubled by every further
 * one, at most 15 minutes.
 * @param now clock in milliseconds
 */
export function createLockout(now: () => number): Lockout {
  const users = new Map<string, { wrong: number; until: number }>();
  return {
    wait: (username) => Math.max(0, (users.get(username)?.until ?? 0) - now()),
    tried: (username, right) => {
      if (right) {
        users.delete(username);
        return;
      }
      const wrong = (users.get(username)?.wrong ?? 0) + 1;
      const ms = wrong < FREE_TRIES ? 0 : Math.min(LONGEST_MS, 1000 * 2 ** (wrong - FREE_TRIES));
      const [oldest] = users.keys();
      if (users.size >= KEPT && oldest !== undefined) users.delete(oldest);
      users.set(username, { wrong, until: now() + ms });
    },
  };
}
