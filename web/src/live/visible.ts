/** Work that is done only while somebody looks at the page. */

export interface Repeated {
  /** Does it at once, or right after what is under way. */
  readonly now: () => void;
  readonly end: () => void;
}

/**
 * Calls `work` again and again, each time so long after it has ended; not while the tab is hidden, and at once when it
 * comes back. A failure doubles the pause, up to a minute.
 * @param work done once; what it throws is told to `onError`
 * @param pauseMillis asked after each time
 */
export const whileVisible = (
  work: (signal: AbortSignal) => Promise<void>,
  pauseMillis: () => number,
  onError: (error: unknown) => void,
): Repeated => {
  const end = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let wanted = false;
  let failures = 0;
  const turn = async (): Promise<void> => {
    if (running || end.signal.aborted || document.hidden) return;
    running = true;
    wanted = false;
    try {
      await work(end.signal);
      failures = 0;
    } catch (error) {
      if (!end.signal.aborted) {
        failures += 1;
        onError(error);
      }
    }
    running = false;
    if (end.signal.aborted) return;
    const pause = Math.min(60_000, pauseMillis() * 2 ** failures);
    timer = setTimeout(turn, wanted && failures === 0 ? 0 : pause);
  };
  const now = (): void => {
    clearTimeout(timer);
    wanted = true;
    failures = 0;
    void turn();
  };
  for (const name of ['visibilitychange', 'pageshow', 'online'])
    (name === 'visibilitychange' ? document : window).addEventListener(name, now, { signal: end.signal });
  void turn();
  return {
    now,
    end: () => {
      end.abort();
      clearTimeout(timer);
    },
  };
};
