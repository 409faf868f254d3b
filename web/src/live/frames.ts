/** Drawing that keeps up with what comes in, and leaves time for the rest. */

/** Of all time, drawing takes no more than one part in so many. */
const SHARE = 3;

/**
 * Draws in the next frame, once for all who ask meanwhile. After a drawing that took long the next one waits. A hidden
 * tab has no frames.
 */
export const frameBatch = (draw: () => void): { readonly ask: () => void; readonly end: () => void } => {
  let frame = 0;
  let notBefore = 0;
  const run = (): void => {
    const begin = performance.now();
    if (begin < notBefore) {
      frame = requestAnimationFrame(run);
      return;
    }
    frame = 0;
    draw();
    // After the browser has painted.
    setTimeout(() => {
      const took = performance.now() - begin;
      notBefore = begin + took * SHARE;
    });
  };
  return {
    ask: () => {
      if (frame === 0) frame = requestAnimationFrame(run);
    },
    end: () => cancelAnimationFrame(frame),
  };
};
