/** What work takes of V8's heap, the rubbish included. */
import type { HeapProfiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';

/** Bytes between two samples, on average. */
const SAMPLING_BYTES = 8192;

const sizeOf = ({ selfSize, children }: HeapProfiler.SamplingHeapProfileNode): number =>
  children.reduce((sum, child) => sum + sizeOf(child), selfSize);

/**
 * @param work is run once
 * @returns bytes of the heap that it took, by sampling: what lives outside the heap, as contents of buffers, is not in it
 */
export const allocatedBytes = async (work: () => Promise<unknown> | unknown): Promise<number> => {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: SAMPLING_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  await work();
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  return sizeOf(profile.head);
};
