/** Work that is done only while somebody looks at the page. */

/**
 * Calls `work` again and again, each time so long after it has ended; not while the tab is hidden, and at once when it
 * comes back. A failure doubles the pause, up to a minute.
 * @param work done once; what it throws is told to `onError`
 * @returns ends it
 */
export const whileVisible = (
  work: (signal: AbortSignal) => Promise<void>,
  pauseMillis: number,
  onError: (error: unknown) => void,
): (() => void) => {
  const end = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let failures = 0;
  const turn = async (): Promise<void> => {
    if (running || end.signal.aborted || document.hidden) return;
    running = true;
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
    timer = setTimeout(turn, Math.min(60_000, pauseMillis * 2 ** failures));
  };
  const seen = (): void => {
    clearTimeout(timer);
    failures = 0;
    void turn();
  };
  for (const name of ['visibilitychange', 'pageshow', 'online'])
    (name === 'visibilitychange' ? document : window).addEventListener(name, seen, { signal: end.signal });
  void turn();
  return () => {
    end.abort();
    clearTimeout(timer);
  };
};
