/** Tells where a laboratory stands when something in it takes too long. */
import type { Lab } from '../support/lab.ts';

/** What the parts of a gateway have done, and what the functions have written last. */
const stateOf = ({ gateway }: Lab): string => {
  const functions = gateway.assembly.byType('AWS::Lambda::Function').map(({ physicalId }) => {
    const last = gateway.functions.logs(physicalId).slice(-3);
    return `${physicalId}:\n${last.map(({ time, message }) => `  ${new Date(time).toISOString()} ${message}`).join('\n')}`;
  });
  const { shards, queues } = gateway.events.stats();
  const stats = { iot: gateway.iot.stats(), shards, queues, faults: gateway.faults.injected };
  return [JSON.stringify(stats, undefined, 2), ...functions].join('\n');
};

/**
 * Does something that has to be done in time.
 * @param ms time limit, below that of the test
 * @throws {Error} with the state of the gateway when the time is up
 */
export const withWatch = async <T>(lab: Lab, ms: number, work: () => Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not done after ${ms} ms:\n${stateOf(lab)}`)), ms);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};
